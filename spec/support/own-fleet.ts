/** The one row that a migration inserts: its identifiers have to be different in each copy of a migrated database. */
export const OWN_FLEET = 'delete from fleet; insert into fleet default values';
