import { Figure } from '../figures/figure.tsx';
import { text } from '../text/text.ts';

export interface Term {
  label: string;
  value: string | null | undefined;
  format: (value: string) => string;
  why?: string;
  /** Where it is explained in turn. */
  href?: string;
  /** Whether it is a gain or a loss. */
  tinted?: boolean;
  isTotal?: boolean;
}

/** A figure as the sum of others, each of which leads further. */
export function TermsCard({ terms }: { terms: readonly Term[] }) {
  return (
    <section class="card" id="explain-terms" aria-labelledby="explain-terms-title">
      <h2 id="explain-terms-title">{text('explain.parts')}</h2>
      <dl class="terms figures">
        {terms.map(({ label, value, format, why = '', href, tinted = true, isTotal = false }) => (
          <div key={label} class={isTotal ? 'total' : undefined}>
            <dt>{href === undefined ? label : <a href={href}>{label}</a>}</dt>
            <dd>
              <Figure value={value} format={format} tinted={tinted} why={why} />
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
