import { z } from 'zod';

/** Files are read and written as streams: these schemas are for the document only. */

export const tradeFile = z
  .string()
  .meta({ id: 'TradeFile', description: 'A CSV file of trades, with a row of headings.' });

export const figureFile = z
  .string()
  .meta({ id: 'FigureFile', description: 'A CSV or Excel file of figures, with a row of headings.' });

export const csvFile = z
  .string()
  .meta({ id: 'CsvFile', description: 'CSV in UTF-8, with a row of headings.' });
