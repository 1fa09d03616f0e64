import { signal } from '@preact/signals';

/** Whether the list of commands is open. */
export const isCommanding = signal(false);

/**
 * Opens the list with Ctrl+K or ⌘K from anywhere, unless a dialog is open.
 * @returns a function that stops listening
 */
export function listenForCommands(): () => void {
  const life = new AbortController();
  addEventListener(
    'keydown',
    (event) => {
      if (event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey) || event.altKey) return;
      event.preventDefault();
      if (document.querySelector('dialog[open]') === null) isCommanding.value = true;
    },
    { signal: life.signal },
  );
  return () => {
    life.abort();
    isCommanding.value = false;
  };
}
