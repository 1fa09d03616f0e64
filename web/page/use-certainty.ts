import { MarktideError } from 'marktide/client';
import { useState } from 'preact/hooks';

const BOOK = { possibleDuplicates: 'book' } as const;

interface Certainty {
  /** Of the request that books it. */
  query: Partial<typeof BOOK>;
  /** To be called when it was refused: the same again is meant as another one. */
  refused: (error: unknown) => never;
  /** To be called when it is changed. */
  reset: () => void;
}

/** What the ledger seems to have already is booked only if it is sent again as it is. */
export function useCertainty(): Certainty {
  const [isSure, setSure] = useState(false);
  return {
    query: isSure ? BOOK : {},
    refused(error) {
      if (error instanceof MarktideError) {
        setSure(error.body?.errors?.some(({ code }) => code === 'possible-duplicate') === true);
      }
      throw error;
    },
    reset: () => setSure(false),
  };
}
