/// An error the server reported for a statement; the connection survived it.
package struct PostgresServerError: Error, Sendable, Equatable {
    /// Five characters; see appendix A of the PostgreSQL manual.
    package var sqlState: String
    /// The primary message, in the server's language. In class 22 it quotes the offending value.
    package var message: String
    /// May hold row data ("Key (email)=(…) already exists"): not part of `description`.
    package var detail: String?
    package var constraint: String?
    /// The prepared statement is out of date or gone; preparing it again cures it.
    package var isStaleStatement: Bool

    package init(
        sqlState: String,
        message: String,
        detail: String? = nil,
        constraint: String? = nil,
        isStaleStatement: Bool = false
    ) {
        self.sqlState = sqlState
        self.message = message
        self.detail = detail
        self.constraint = constraint
        self.isStaleStatement = isStaleStatement
    }

    package var isUniqueViolation: Bool { sqlState == "23505" }

    /// Two transactions got into each other's way and this one was chosen to go: run it again.
    package var isSerializationConflict: Bool { sqlState == "40001" || sqlState == "40P01" }

    /// Transient by SQLSTATE: conflict, lost connection, no resources, operator's intervention, I/O error, lock.
    package var isRetryable: Bool {
        switch sqlState.prefix(2) {
        case "08", "40", "53", "57", "58": true
        default: sqlState == "55P03" || isStaleStatement
        }
    }
}

extension PostgresServerError: CustomStringConvertible {
    /// Without `detail`, and without the message of a data exception (class 22), which quotes the value.
    package var description: String {
        var text = "PostgreSQL error \(sqlState)"
        if !sqlState.hasPrefix("22") { text += ": \(message)" }
        if let constraint { text += " (constraint \(constraint))" }
        return text
    }
}
