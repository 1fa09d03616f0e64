import { useEffect, useRef, useState } from 'preact/hooks';
import { problemText } from '../text/problem-text.ts';

interface Submission {
  isBusy: boolean;
  /** Why it failed; `''`: it did not. */
  message: string;
  /** For `onSubmit` of a form. */
  submit: (event: Event) => void;
  /** Does something else than what the form is for. */
  run: (task: () => Promise<void>) => void;
}

/** Does what a form is for, once at a time. */
export function useSubmit(send: () => Promise<void>): Submission {
  const [isBusy, setBusy] = useState(false);
  const [message, setMessage] = useState('');
  const isHere = useRef(true);
  useEffect(
    () => () => {
      isHere.current = false;
    },
    [],
  );
  const run = (task: () => Promise<void>): void => {
    setBusy(true);
    setMessage('');
    task()
      .catch((error: unknown) => {
        if (isHere.current) setMessage(problemText(error));
      })
      .finally(() => {
        if (isHere.current) setBusy(false);
      });
  };
  return {
    isBusy,
    message,
    run,
    submit(event) {
      event.preventDefault();
      run(send);
    },
  };
}
