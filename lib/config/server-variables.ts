import { z } from 'zod';
import { hostNameOf } from '../http/host-name.ts';
import { PROBE_PATHS } from '../http/probe-paths.ts';
import { flag, integer, list, port } from './variable.ts';

const proxies = z
  .string()
  .regex(/^(?:true|false|\d|10)$/, 'must be true, false, or how many proxies there are, up to 10')
  .transform((text) => (text === 'true' ? 1 : text === 'false' ? 0 : Number(text)));

/** Unreserved characters only: nothing in it is ever encoded, in a URL, a cookie's path or a pattern. */
const BASE_PATH = /^(?:\/[\w~-][\w.~-]*){1,8}$/;

const basePath = z
  .string()
  .max(200)
  .regex(
    BASE_PATH,
    'must be a path such as /marktide: it begins with a slash, ends without one, and has no query',
  )
  .refine((path) => !PROBE_PATHS.has(path), { message: 'must not be a path that is answered without it' });

/** The address, the proxies in front, and how long a request may take. */
export const SERVER_VARIABLES = {
  PORT: port.default(3000).describe('TCP port to listen on; `0` picks a free one.'),
  HOST: z.string().min(1).default('127.0.0.1').describe('Address to listen on; `0.0.0.0` for all.'),
  BASE_PATH: basePath
    .default('')
    .describe(
      'Path under which a proxy offers everything, such as `/marktide`; the proxy must pass it on. `/healthz`, `/readyz` and `/metrics` are also answered without it. Unset: the root.',
    ),
  ALLOWED_HOSTS: list
    .refine((names) => names.every((name) => hostNameOf(name) === name.toLowerCase()), {
      message: 'must be a comma-separated list of host names such as dash.example.com, without ports',
    })
    .default([])
    .describe(
      'Host names that the server answers to, comma-separated, besides `localhost`, `127.0.0.1`, `[::1]` and `HOST`. Any other `Host` (with `TRUST_PROXY` also any other `X-Forwarded-Host`) gets 421, except at `/healthz` and `/readyz`. Unset: checked only on a loopback `HOST` without a proxy, where it prevents DNS rebinding.',
    ),
  CORS_ORIGINS: list
    .default([])
    .refine(
      (origins) => origins.every((origin) => URL.canParse(origin) && new URL(origin).origin === origin),
      {
        message: 'must be a comma-separated list of origins such as https://app.example.com',
      },
    )
    .describe('Origins from which browsers may call, comma-separated.'),
  TRUST_PROXY: proxies
    .default(0)
    .describe(
      'Number of proxies in front whose `X-Forwarded-*` headers are trusted; `true` for one, `false` for none.',
    ),
  HEADERS_TIMEOUT_MS: integer(100, 600_000)
    .default(15_000)
    .describe('Time within which the headers of a request must arrive, in milliseconds.'),
  REQUEST_TIMEOUT_MS: integer(100, 3_600_000)
    .default(60_000)
    .describe(
      'Time within which a whole request must arrive, in milliseconds. Responses, such as streams, may take longer.',
    ),
  UPLOAD_TIMEOUT_MS: integer(1_000, 3_600_000)
    .default(600_000)
    .describe('The same for a file of trades, whose sender must also not pause for more than half a minute.'),
  BODY_LIMIT_KB: integer(16, 8_192)
    .default(1_024)
    .describe(
      'Maximum size of a JSON batch of trades, transfers, ticks or candles, in KiB. Any other JSON body may have 16 KiB.',
    ),
  DRAIN_MS: integer(0, 120_000)
    .default(3_000)
    .describe('Time over which streams are ended on shutdown, in milliseconds.'),
  SHUTDOWN_DELAY_MS: integer(0, 120_000)
    .default(3_000)
    .describe(
      'Time for which a node of a fleet keeps serving after SIGTERM, with 503 at `/readyz`, in milliseconds: proxies notice that it is going, and that the node restarted before it is back.',
    ),
  WEBSOCKET: flag.default(true).describe('`false`: no `/v1/ws`.'),
};
