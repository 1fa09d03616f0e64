import { randomCuts } from '../support/streams/random-cuts.ts';

randomCuts(3);
