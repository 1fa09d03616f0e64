/** A later holder of the account's lease has already written, or the account is paused or deleted. */
export class AccountTakenError extends Error {
  constructor(id: string) {
    super(`the account ${id} is paused, gone, or read by another node`);
    this.name = 'AccountTakenError';
  }
}
