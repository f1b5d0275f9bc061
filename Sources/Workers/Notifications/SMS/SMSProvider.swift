import JobCore

/// What a provider's answer means for one text message.
enum SMSVerdict: Sendable, Equatable {
    /// Taken, under the provider's id.
    case queued(String)
    /// The person does not want any: the number goes on the list of those.
    case optedOut(String)
    case refused(label: String, String)
    /// Was not taken.
    case later(after: Duration?, label: String, String)
    case down(label: String, String)
    /// Was handed over, and no answer came.
    case unknown(String)
}

struct SMSOrder: Sendable, Equatable {
    let to: PhoneNumber
    let text: SMSText
    var isPromotional: Bool
    var usefulUntil: Timestamp?

    init(to: PhoneNumber, text: SMSText, isPromotional: Bool = false, usefulUntil: Timestamp? = nil) {
        self.to = to
        self.text = text
        self.isPromotional = isPromotional
        self.usefulUntil = usefulUntil
    }
}

/// Where text messages go. Each is tried once.
protocol SMSProvider: Sendable {
    /// As `depends_on` in the manifest names it.
    var name: String { get }

    func send(_ order: SMSOrder) async -> SMSVerdict

    /// Whether a message that was handed over without an answer is there: its id, or nil where it surely is not.
    /// `unknown` where the provider cannot say.
    func find(_ order: SMSOrder, since: Timestamp) async -> SMSFinding
}

enum SMSFinding: Sendable, Equatable {
    case there(String)
    case absent
    case unknown
    case unreachable(String)
}
