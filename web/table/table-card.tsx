import type { ComponentChildren } from 'preact';
import { Message } from '../page/message.tsx';

interface Props {
  id: string;
  title: string;
  /** Beside the title. */
  beside?: ComponentChildren;
  headings: readonly string[];
  /** How many columns at the start contain words; the others contain figures. */
  words?: number;
  /** What is wrong; `''` if nothing. */
  note?: string;
  isBusy?: boolean;
  /** The rows. */
  children: ComponentChildren;
  /** Below the table. */
  below?: ComponentChildren;
}

/** A card with a table, whose rows become cards on a phone. */
export function TableCard({
  id,
  title,
  beside,
  headings,
  words = 1,
  note = '',
  isBusy = false,
  children,
  below,
}: Props) {
  return (
    <section class="card" id={id} aria-labelledby={`${id}-title`} aria-busy={isBusy ? 'true' : undefined}>
      <div class="heading">
        <h2 id={`${id}-title`}>{title}</h2>
        {beside}
      </div>
      <Message id={`${id}-note`} class="note">
        {note}
      </Message>
      <div class="scroll" role="region" aria-labelledby={`${id}-title`} tabIndex={0}>
        <table role="table" class="figures cards">
          <thead role="rowgroup">
            <tr role="row">
              {headings.map((heading, index) => (
                <th role="columnheader" scope="col" key={heading} class={index < words ? 'words' : undefined}>
                  {heading}
                </th>
              ))}
            </tr>
          </thead>
          <tbody role="rowgroup" id={`${id}-rows`}>
            {children}
          </tbody>
        </table>
      </div>
      {below}
    </section>
  );
}
