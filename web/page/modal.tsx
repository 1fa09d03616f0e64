import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

interface Props {
  id: string;
  title: string;
  onClose: () => void;
  children: ComponentChildren;
}

/**
 * A dialog that is open as long as it is rendered. Escape closes it, and the focus returns to where it was.
 */
export function Modal({ id, title, onClose, children }: Props) {
  const node = useRef<HTMLDialogElement>(null);
  const close = useRef(onClose);
  close.current = onClose;
  // A layout effect cleans up before the dialog leaves the document.
  useLayoutEffect(() => {
    const dialog = node.current;
    const life = new AbortController();
    dialog?.addEventListener('close', () => close.current(), { signal: life.signal });
    dialog?.showModal();
    return () => {
      life.abort();
      // Only a dialog that is closed returns the focus.
      dialog?.close();
    };
  }, []);
  return (
    <dialog id={id} ref={node} aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>{title}</h2>
      {children}
    </dialog>
  );
}
