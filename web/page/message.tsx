interface Props {
  id: string;
  children: string;
  class?: 'message' | 'note';
}

/** A message, or none (`''`). It stays in the document, so that a screen reader announces what comes. */
export function Message({ id, children, class: name = 'message' }: Props) {
  return (
    <p id={id} class={name} role="status" hidden={children === ''}>
      {children}
    </p>
  );
}
