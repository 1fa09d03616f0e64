import { TimeSlice } from '../../../lib/async/time-slice.ts';
import { addLot, type Lot, type LotHeap, type LotMethod } from '../../../lib/pnl/ledger/lot.ts';

/** A heap of very many lots: others have a turn from time to time. */
export async function heapInSlices(
  method: LotMethod,
  lots: Iterable<Lot> | AsyncIterable<Lot>,
): Promise<LotHeap> {
  const slice = new TimeSlice();
  let heap: LotHeap = null;
  for await (const lot of lots) {
    heap = addLot(method, heap, lot);
    if (slice.isOver) await slice.next();
  }
  return heap;
}
