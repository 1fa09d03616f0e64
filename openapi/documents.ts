import { z } from 'zod';
import { VERSION } from '../lib/process/package-info.ts';
import { endpoint, type Endpoint } from '../routes/http/endpoint.ts';
import { ENDPOINTS } from '../routes/endpoints.ts';
import { asyncApiDocument } from './asyncapi.ts';
import { openApiDocument } from './document.ts';

/** Made on the first request, so that a start need not wait for it. */
function once<T>(make: () => T): () => Promise<T> {
  let made: T | undefined;
  return () => Promise.resolve((made ??= make()));
}

const openApi = endpoint({
  method: 'get',
  path: '/openapi.json',
  id: 'getOpenApi',
  tag: 'service',
  summary: 'This API, as an OpenAPI 3.1 document',
  access: 'public',
  query: z.strictObject({}),
  status: 200,
  problems: ['invalid-request'],
  response: z
    .looseObject({ openapi: z.string().describe('Version of the OpenAPI specification.') })
    .meta({ id: 'OpenApiDocument', description: 'An OpenAPI document.' }),
  handler: once(() => openApiDocument(API, VERSION)),
});

const asyncApi = endpoint({
  method: 'get',
  path: '/asyncapi.json',
  id: 'getAsyncApi',
  tag: 'service',
  summary: 'The streams, as an AsyncAPI 3.0 document',
  access: 'public',
  query: z.strictObject({}),
  status: 200,
  problems: ['invalid-request'],
  response: z
    .looseObject({ asyncapi: z.string().describe('Version of the AsyncAPI specification.') })
    .meta({ id: 'AsyncApiDocument', description: 'An AsyncAPI document.' }),
  handler: once(() => asyncApiDocument(VERSION)),
});

/** Every endpoint, including the two documents. */
export const API: readonly Endpoint[] = [...ENDPOINTS, openApi, asyncApi];
