/// One of the three parts of a queue. Each lane is a broker queue of its own; `normal` has no suffix.
public enum Lane: String, Sendable, CaseIterable, Codable, Comparable {
    case high, normal, bulk

    public static func < (left: Lane, right: Lane) -> Bool {
        left.order < right.order
    }

    private var order: Int {
        switch self {
        case .high: 0
        case .normal: 1
        case .bulk: 2
        }
    }
}
