/// What can go wrong with the store.
public enum StoreError: Error, Sendable, Equatable {
    /// Not reachable, shutting down, or its disk is full: nothing was written. Worth trying again.
    case unavailable(String)
    /// Another process held the database past the deadline (SQLite: 5 s), or a statement ran past its own.
    case busy(String)
    /// A constraint refused the row; the text names the constraint.
    case constraint(String)
    /// The connection was lost while committing: the change may be there. Every write of the store can be repeated.
    case commitUnknown
    /// The schema is missing, or older or newer than this build reads; the text names the command that mends it.
    case schema(String)
    /// A value or a row was not what the code expected.
    case decoding(String)
    /// Who is logged in may not do this.
    case forbidden(String)
    /// The database refused the statement for a reason of its own.
    case refused(String)
    /// A caller's own closure gave up; its transaction was rolled back.
    case rolledBack
    /// Another process has taken the job over: this run may write no more, nothing was written.
    case superseded
    /// A payload's data key is not here; the text names the key.
    case sealed(String)

    public var isRetryable: Bool {
        switch self {
        case .unavailable, .busy, .commitUnknown: true
        case .constraint, .schema, .decoding, .forbidden, .refused, .rolledBack, .superseded, .sealed: false
        }
    }

    /// The store itself went away; the statement is not to blame, as it may be for `busy`.
    package var isLost: Bool {
        switch self {
        case .unavailable, .commitUnknown: true
        case .busy, .constraint, .schema, .decoding, .forbidden, .refused, .rolledBack, .superseded, .sealed: false
        }
    }

    public var label: String {
        switch self {
        case .unavailable: "store_unavailable"
        case .busy: "store_busy"
        case .constraint: "store_constraint"
        case .commitUnknown: "store_commit_unknown"
        case .schema: "store_schema"
        case .decoding: "store_decoding"
        case .forbidden: "store_forbidden"
        case .refused: "store_refused"
        case .rolledBack: "store_rolled_back"
        case .superseded: "superseded"
        case .sealed: "data_key_missing"
        }
    }
}
