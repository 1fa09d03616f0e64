import { z } from 'zod';
import { VERSION } from '../lib/process/package-info.ts';
import type { Services } from '../routes/http/handler-services.ts';
import { endpoint, type Endpoint } from '../routes/http/endpoint.ts';
import { ENDPOINTS } from '../routes/endpoints.ts';
import { asyncApiDocument } from './asyncapi.ts';
import { openApiDocument } from './document.ts';

/** Made on the first request, so that a start need not wait for it. */
function once<T>(make: (basePath: string) => T): (input: unknown, services: Services) => Promise<T> {
  const made = new Map<string, T>();
  return (_input, { config: { BASE_PATH } }) => {
    const document = made.get(BASE_PATH) ?? make(BASE_PATH);
    made.set(BASE_PATH, document);
    return Promise.resolve(document);
  };
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
  handler: once((basePath) => openApiDocument(API, VERSION, basePath)),
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
  handler: once((basePath) => asyncApiDocument(VERSION, basePath)),
});

/** Every endpoint, including the two documents. */
export const API: readonly Endpoint[] = [...ENDPOINTS, openApi, asyncApi];
