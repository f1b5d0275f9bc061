/// A delivery made ready to run: decoded as far as its envelope, with its deadline. A class, since it is handed on often
/// and holds a dozen references: copying them cost more than the box.
final class PreparedAttempt: Sendable {
    let delivery: Delivery
    let envelope: Result<Envelope, Malformed>
    let timeout: Duration
    let deadline: ContinuousClock.Instant
    var started: ContinuousClock.Instant { deadline - timeout }
    /// In a process of its own, because it was running when a process died.
    let isAlone: Bool
    /// 0 for a first delivery, else what its look-up gave. Nil when the store could not be asked: then nothing is known of
    /// those who had it before, and their marks must not be held against it.
    let generation: Int?
    /// Dependencies whose breakers are half open: it is the one job that tries them.
    let probed: [String]

    init(
        delivery: Delivery,
        envelope: Result<Envelope, Malformed>,
        timeout: Duration,
        deadline: ContinuousClock.Instant,
        isAlone: Bool,
        generation: Int?,
        probed: [String]
    ) {
        self.delivery = delivery
        self.envelope = envelope
        self.timeout = timeout
        self.deadline = deadline
        self.isAlone = isAlone
        self.generation = generation
        self.probed = probed
    }

    /// Nil for a message without an id that can be looked up.
    var key: AttemptKey? { AttemptKey(delivery.message) }

    var id: JobID {
        switch envelope {
        case .success(let envelope): envelope.id
        case .failure: delivery.message.messageID.flatMap { JobID($0) } ?? JobID()
        }
    }

    var job: JobName {
        switch envelope {
        case .success(let envelope): envelope.job
        case .failure: "unknown.job"
        }
    }
}

/// What became of a delivery whose attempt is over.
enum AttemptEnd: Sendable {
    /// Durable: the delivery may be acknowledged.
    case settled
    /// Back to the broker, with the consumption that it came from.
    case givenBack
    /// Another process has it; the broker counts this delivery as that one's.
    case superseded
}
