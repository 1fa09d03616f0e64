/** The purpose of a reward, by words of exchanges and tax tools. The first match counts. */
const SUBTYPES: readonly [RegExp, string][] = [
  [/cashback|card|subscription rebate/i, 'cashback'],
  [/referr|referral|commission|invite|친구|추천/i, 'referral'],
  [/interest|예치금 ?이용료|dividend/i, 'interest'],
  [/airdrop|에어드랍|에어드롭|launchpool|megadrop/i, 'airdrop'],
  [/\bmin(ing|er)\b/i, 'mining'],
  [
    /stak|masternode|minting|inflation|slot auction|locked rewards|vault|farming|liquid swap|스테이킹/i,
    'staking',
  ],
  [/yield/i, 'interest'],
  [/savings|simple earn|lending/i, 'interest'],
  [/distribution|voucher|campaign|mission|learning|coinbase earn|bonus|bounty|이벤트|쿠폰|혜택/i, 'airdrop'],
];

/** Words that could mean several things, depending on their source. */
const OPEN = /^pool distribution$/i;

/** `undefined` if the word does not say what the reward is for. */
export function rewardSubtype(word: string): string | undefined {
  if (OPEN.test(word)) return undefined;
  return SUBTYPES.find(([words]) => words.test(word))?.[1];
}
