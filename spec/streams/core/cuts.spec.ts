import { randomCuts } from '../../support/streams/random-cuts.ts';

// Thousands of them are cut in spec/faults.
randomCuts(1);
