/** The columns of a trade that an import can read, with their Korean headings. The English headings are the names. */
export const TRADE_HEADINGS = {
  time: '체결시각',
  exchange: '거래소',
  symbol: '종목',
  side: '매매구분',
  type: '주문유형',
  quantity: '수량',
  price: '가격',
  feeAmount: '수수료',
  feeCurrency: '수수료통화',
  externalId: '외부ID',
  orderId: '주문ID',
  note: '메모',
  tags: '태그',
} as const;

/** Heading of the place of a trade among those of its instant, which a file may omit. */
export const SEQUENCE_HEADING = '순번';

export type TradeColumn = keyof typeof TRADE_HEADINGS;
