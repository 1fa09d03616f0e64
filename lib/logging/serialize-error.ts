import { stdSerializers } from 'pino';

/** The members of an error that are logged besides type, message and stack. Others may hold secrets and payloads. */
const MEMBERS = ['code', 'errno', 'syscall', 'address', 'port', 'severity', 'constraint', 'table', 'column'];
/** Characters of a message and of a stack. A statement that has failed may be long. */
const MAX_MESSAGE = 2_000;
const MAX_STACK = 8_000;

interface SerializedError {
  type: string;
  message: string;
  stack?: string;
  [member: string]: unknown;
}

/**
 * An error as it is logged. Libraries put their input into errors: ioredis the arguments of a command, which may be a
 * password or thousands of events; database drivers the values of a statement. Only the name of a command is kept.
 */
export function serializeError(error: unknown): unknown {
  if (!(error instanceof Error)) return cut(String(error), MAX_MESSAGE);
  const { type, message, stack } = stdSerializers.err(error);
  const serialized: SerializedError = {
    type,
    message: cut(message, MAX_MESSAGE),
    // It tells where a socket or an answer was read, not what has failed.
    ...(isOfAServer(error) ? {} : { stack: cut(stack, MAX_STACK) }),
  };
  const members = new Map<string, unknown>(Object.entries(error));
  for (const name of MEMBERS) {
    const value = members.get(name);
    if (typeof value === 'string' || typeof value === 'number') serialized[name] = value;
  }
  const command = members.get('command');
  if (typeof command === 'object' && command !== null && 'name' in command) {
    serialized['command'] = String(command.name);
  }
  if (error instanceof AggregateError) serialized['errors'] = error.errors.slice(0, 10).map(serializeError);
  return serialized;
}

/** What the system says of a connection, or Redis in its answer. */
function isOfAServer(error: Error): boolean {
  return error.name === 'ReplyError' || ('syscall' in error && 'address' in error);
}

function cut(text: string, max: number): string {
  return text.length > max ? `${text.slice(0, max)}…` : text;
}
