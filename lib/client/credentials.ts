/** What is sent with a request, and what to do when it was refused as unauthorised. */
export interface Credentials {
  /** @throws MarktideError when the login is refused */
  headers(): Promise<Record<string, string>>;
  /**
   * Called after a request with these headers was refused with 401.
   * @returns whether there are newer credentials to try
   * @throws MarktideError for a temporary failure
   */
  renew(refused: Record<string, string>): Promise<boolean>;
}
