import { useEffect, useRef, useState } from 'preact/hooks';
import { problemText } from '../text/problem-text.ts';

interface Submission {
  isBusy: boolean;
  /** Why it failed; `''` if it did not. */
  message: string;
  /** For `onSubmit` of a form. */
  submit: (event: Event) => void;
  /** Runs a task other than submitting the form. */
  run: (task: () => Promise<void>) => void;
}

/** Submits a form, one submission at a time. */
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
