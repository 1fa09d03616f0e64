import { randomUUID } from 'node:crypto';

/** The place of a request in a distributed trace: W3C Trace Context, https://www.w3.org/TR/trace-context/. */
export interface TraceContext {
  /** 32 hexadecimal digits, the same in every system that the request passes. */
  readonly traceId: string;
  /** 16 hexadecimal digits: our span. */
  readonly spanId: string;
  readonly isSampled: boolean;
}

/** Version, trace, parent, flags. Later versions may add fields, which are ignored. */
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const NOTHING = /^0+$/;

/**
 * Continues the trace in the header `traceparent`. If the header is not valid, a new trace begins, as the specification
 * requires.
 */
export function traceOf(header: string): TraceContext {
  const spanId = randomHex().slice(16);
  const [, version, traceId = '', parentId = '', flags = '', more] = TRACEPARENT.exec(header) ?? [];
  const isValid =
    version !== undefined &&
    version !== 'ff' &&
    !(version === '00' && more !== undefined) &&
    !NOTHING.test(traceId) &&
    !NOTHING.test(parentId);
  if (!isValid) return { traceId: randomHex(), spanId, isSampled: false };
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/**
 * 32 digits, all but six bits of which are random; the last 16 never are zero. Node.js fetches randomness for many
 * UUIDs at once, whereas `randomBytes` asks the system each time.
 */
function randomHex(): string {
  return randomUUID().replaceAll('-', '');
}

/** As a header value. */
export function formatTrace({ traceId, spanId, isSampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`;
}
