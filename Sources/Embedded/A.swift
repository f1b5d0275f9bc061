internal import GRDB
internal import GRDBSQLite
func a(_ p: OpaquePointer) -> Int32 { sqlite3_step(p) }
