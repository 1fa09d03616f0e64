interface Props {
  id: string;
  children: string;
  class?: 'message' | 'note';
}

/**
 * A message, or none (`''`). The element stays in the document, so that screen readers announce new messages.
 */
export function Message({ id, children, class: name = 'message' }: Props) {
  return (
    <p id={id} class={name} role="status" hidden={children === ''}>
      {children}
    </p>
  );
}
