import { signal } from '@preact/signals';
import type { ComponentType } from 'preact';
import { text } from '../text/text.ts';
import { Message } from './message.tsx';

const RELOADED = 'marktide.reloadedFrom';

/**
 * Reloads the page after an upgrade of the server, which replaces the file with another one; but not twice
 * for the same version.
 */
function reloadOnce(): boolean {
  if (sessionStorage.getItem(RELOADED) === import.meta.url) return false;
  sessionStorage.setItem(RELOADED, import.meta.url);
  location.reload();
  return true;
}

/**
 * A part of the page whose code is loaded when it is shown for the first time, or earlier by `preload`. Until then its
 * place is empty.
 */
export function lazy<P extends object>(load: () => Promise<ComponentType<P>>) {
  const loaded = signal<ComponentType<P> | null>(null);
  const failed = signal(false);
  let loading: Promise<void> | null = null;
  const preload = (): void => {
    loading ??= load()
      .then((component) => {
        loaded.value = component;
      })
      .catch(() => {
        loading = null;
        // Without a network, reloading would not help.
        if (!navigator.onLine || !reloadOnce()) failed.value = true;
      });
  };
  function Lazy(props: P) {
    const Component = loaded.value;
    if (Component !== null) return <Component {...props} />;
    if (failed.value) return <Message id="outdated">{text('outdated')}</Message>;
    preload();
    return null;
  }
  return Object.assign(Lazy, { preload });
}
