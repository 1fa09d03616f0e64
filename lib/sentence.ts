/**
 * `must be positive` about `quantity` is "`quantity` must be positive."; what begins with a capital is a sentence
 * already.
 */
export function sentenceAbout(subject: string, predicate: string): string {
  const text = /^[a-z]/.test(predicate) ? `${subject} ${predicate}` : predicate;
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
