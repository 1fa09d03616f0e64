import { decimal, decimalOrNull, fixed, type Fixed, mulDiv, ZERO } from '../../money/money.ts';
import { COST_METHODS, type CostMethod } from './cost-method.ts';
import { type Lot, LOTS_A_STEP } from './lot.ts';
import { atOnce, type Steps } from '../../steps.ts';

/** What is left of a purchase as it moves from one holding to another. Under `average` the pool moves as one. */
export interface CarriedLot {
  /** Of the purchase; under `average`, of the entry that moves it. */
  entryId: string;
  time: number;
  quantity: Fixed;
  cost: Fixed;
  grossCost: Fixed;
  unknown: Lot['unknown'];
}

/** What one holding hands to another, for either cost method. */
export interface Carried {
  /** At market value, in the base currency; `null` without a rate. */
  value: Fixed | null;
  lots: Readonly<Record<CostMethod, readonly CarriedLot[]>>;
}

type LotJson = [string, number, string, string, string, Lot['unknown']];

/** Decimals as strings; equal lots have equal keys. */
export type CarriedJson = { value: string | null } & Record<CostMethod, LotJson[]>;

/** What was decoded and not changed need not be encoded again. */
const SOURCES = new WeakMap<Carried, CarriedJson>();

export function encodeCarried(carried: Carried): CarriedJson {
  return atOnce(encodeCarriedSteps(carried));
}

/** `encodeCarried`, between whose steps others may have a turn: there may be thousands of lots. */
export function* encodeCarriedSteps(carried: Carried): Steps<CarriedJson> {
  const source = SOURCES.get(carried);
  if (source !== undefined) return source;
  const json: CarriedJson = {
    value: decimalOrNull(carried.value),
    average: [],
    fifo: [],
    lifo: [],
    hifo: [],
  };
  for (const method of COST_METHODS) {
    for (const lot of carried.lots[method]) {
      json[method].push(encodeLot(lot));
      if (json[method].length % LOTS_A_STEP === 0) yield;
    }
  }
  return json;
}

/** The lots of a cost method are decoded when they are first asked for: a fold needs those of one. */
export function decodeCarried(json: CarriedJson): Carried {
  const lots: Partial<Record<CostMethod, readonly CarriedLot[]>> = {};
  const carried: Carried = {
    value: json.value === null ? null : fixed(json.value),
    lots: {
      get average() {
        return (lots.average ??= json.average.map(decodeLot));
      },
      get fifo() {
        return (lots.fifo ??= json.fifo.map(decodeLot));
      },
      get lifo() {
        return (lots.lifo ??= json.lifo.map(decodeLot));
      },
      get hifo() {
        return (lots.hifo ??= json.hifo.map(decodeLot));
      },
    },
  };
  SOURCES.set(carried, json);
  return carried;
}

function encodeLot({ entryId, time, quantity, cost, grossCost, unknown }: CarriedLot): LotJson {
  return [entryId, time, decimal(quantity), decimal(cost), decimal(grossCost), unknown];
}

function decodeLot([entryId, time, quantity, cost, grossCost, unknown]: LotJson): CarriedLot {
  return {
    entryId,
    time,
    quantity: fixed(quantity),
    cost: fixed(cost),
    grossCost: fixed(grossCost),
    unknown,
  };
}

/**
 * Scales the lots so that their quantities add up to `quantity`; their total cost is preserved. Each lot gets its share
 * by running differences, and a lot whose share rounds to zero is merged into the one before it.
 */
export function fitLots(lots: readonly CarriedLot[], quantity: Fixed): CarriedLot[] {
  const total = lots.reduce((sum, lot) => sum + lot.quantity, ZERO);
  if (total === quantity) return [...lots];
  const fitted: CarriedLot[] = [];
  let upTo = ZERO;
  let given = ZERO;
  let waiting: CarriedLot | null = null;
  for (const lot of lots) {
    upTo += lot.quantity;
    const reached = mulDiv(quantity, upTo, total);
    const share = reached - given;
    given = reached;
    const whole: CarriedLot = waiting === null ? lot : { ...lot, ...sumOf(waiting, lot) };
    const last = fitted.at(-1);
    if (share > ZERO) {
      fitted.push({ ...whole, quantity: share });
      waiting = null;
    } else if (last === undefined) waiting = whole;
    else fitted[fitted.length - 1] = { ...last, ...sumOf(last, lot) };
  }
  return fitted;
}

const WORST = ['nothing', 'fee', 'value'] as const;

function sumOf(a: CarriedLot, b: CarriedLot): Pick<CarriedLot, 'cost' | 'grossCost' | 'unknown'> {
  const unknown = WORST[Math.max(WORST.indexOf(a.unknown), WORST.indexOf(b.unknown))] ?? 'value';
  return { cost: a.cost + b.cost, grossCost: a.grossCost + b.grossCost, unknown };
}
