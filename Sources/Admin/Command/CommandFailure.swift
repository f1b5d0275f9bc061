import JobCore

/// Why a verb could not do its work, in words for a person, with what to do about it. Never carries a secret.
package struct CommandFailure: Error, Sendable, Equatable {
    package let status: ExitStatus
    /// Bounded, for scripts.
    package let label: String
    package let message: String
    package let remedy: String?
    /// How long to wait before trying again, where somebody can tell.
    package let retryAfter: Duration?

    package init(
        _ status: ExitStatus,
        _ label: String,
        _ message: String,
        remedy: String? = nil,
        retryAfter: Duration? = nil
    ) {
        self.status = status
        self.label = label
        self.message = message
        self.remedy = remedy
        self.retryAfter = retryAfter
    }

    package var isRetryable: Bool { status == .tryLater }

    package static func usage(_ message: String, remedy: String? = nil) -> CommandFailure {
        CommandFailure(.usage, "usage", message, remedy: remedy)
    }

    /// `--json` puts this on stderr.
    var json: JSONValue {
        [
            "error": [
                "label": .string(label), "message": .string(message), "remedy": .string(remedy),
                "retryable": .bool(isRetryable), "retry_after_seconds": .seconds(retryAfter),
            ]
        ]
    }
}

extension CommandFailure {
    /// Any error that reaches the end of a verb.
    init(_ error: any Error) {
        switch error {
        case let failure as CommandFailure: self = failure
        case let error as StoreError: self.init(error)
        case let error as BrokerError: self.init(error)
        case let error as EnqueueError: self.init(error)
        case let error as ConfigurationError:
            self.init(.usage, "configuration", error.problem, remedy: error.remedy)
        case let error as ManifestError:
            self.init(
                .failed,
                "manifest",
                "\(error.problems.count) mistakes in the declarations\n\(error)",
                remedy: "mend the files named above"
            )
        case let error as RegistryMismatch:
            self.init(.failed, "registry", "\(error)", remedy: "mend the declarations or the registration named above")
        default: self.init(.failed, "failed", "\(error)")
        }
    }

    init(_ error: StoreError) {
        let status = error.isRetryable ? ExitStatus.tryLater : .failed
        switch error {
        case .unavailable(let text):
            self.init(status, error.label, "the store is not reachable: \(text)", remedy: "jobctl doctor")
        case .busy(let text):
            self.init(status, error.label, "another process holds the store: \(text)", remedy: "run the verb again")
        case .schema(let text): self.init(status, error.label, text, remedy: "jobctl migrate apply")
        case .commitUnknown:
            self.init(
                status,
                error.label,
                "the connection was lost while the store committed",
                remedy: "look whether the change is there, then run the verb again"
            )
        case .forbidden(let text):
            self.init(
                status,
                error.label,
                "this login may not do it: \(text)",
                remedy: "ask for the role the verb needs"
            )
        case .constraint(let text), .decoding(let text), .refused(let text):
            self.init(status, error.label, "the store refused: \(text)", remedy: "jobctl doctor")
        case .rolledBack: self.init(status, error.label, "the change was rolled back")
        case .superseded: self.init(status, error.label, "another process has the job")
        case .sealed(let text):
            self.init(status, error.label, text, remedy: "set JOBS_DATA_KEY_FILE to the file that holds this key")
        }
    }

    /// Nil for an error of another kind.
    init?(forbidden error: any Error, needing role: OperatorRole) {
        let text: String
        switch error {
        case StoreError.forbidden(let reason): text = reason
        case BrokerError.refused(let reason) where reason.contains("ACCESS_REFUSED"): text = reason
        case let error as EnqueueError:
            switch error.cause {
            case .store(.forbidden(let reason)): text = reason
            case .publish(.refused(let reason)) where reason.contains("ACCESS_REFUSED"): text = reason
            default: return nil
            }
        default: return nil
        }
        self.init(
            .failed,
            "forbidden",
            "this verb needs the role \(role.rawValue): \(text)",
            remedy: "declare the login under roles.\(role.rawValue) in jobs/ and let an admin run jobctl topology apply"
        )
    }

    init(_ error: BrokerError) {
        let status = error.isRetryable ? ExitStatus.tryLater : .failed
        switch error {
        case .unavailable(let text):
            self.init(status, error.label, "the broker is not reachable: \(text)", remedy: "jobctl doctor")
        case .queueMissing(let name):
            self.init(status, error.label, "queue \(name) is not declared", remedy: "jobctl topology apply")
        case .refused(let text): self.init(status, error.label, "the broker refused: \(text)", remedy: "jobctl doctor")
        case .stale:
            self.init(status, error.label, "the connection was renewed meanwhile", remedy: "run the verb again")
        }
    }

    init(_ error: EnqueueError) {
        let status = error.isRetryable ? ExitStatus.tryLater : .failed
        self.init(
            status,
            error.label,
            "\(error)",
            remedy: CommandFailure.remedy(of: error),
            retryAfter: error.suggestedWait
        )
    }

    private static func remedy(of error: EnqueueError) -> String? {
        switch error.cause {
        case .publish(.unroutable): "jobctl topology plan"
        case .publish(.refused): "jobctl doctor"
        case .publish, .store: error.isRetryable ? "enqueue again with --id \(error.id)" : "jobctl doctor"
        case .invalid: "mend the payload"
        }
    }
}
