import type { Endpoint } from '../routes/http/endpoint.ts';

/** Source text of the client's table of operations: all but those that open streams, which have a call of their own. */
export function clientOperations(endpoints: readonly Endpoint[]): string {
  const lines = endpoints
    .filter(({ produces, status }) => produces !== 'stream' && status !== 101)
    .map(({ id, method, path, consumes }) => {
      const template = path.replaceAll(/:(\w+)/g, '{$1}');
      return `  ${id}: ['${method.toUpperCase()}', '${template}'${consumes === 'csv' ? ", 'text/csv'" : ''}],`;
    });
  return `/** Made from the endpoints by app/generate.ts. */\nexport const OPERATIONS = {\n${lines.join('\n')}\n} as const;\n`;
}
