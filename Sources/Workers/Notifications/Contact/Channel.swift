/// A way to a person.
public enum Channel: String, Codable, Sendable, CaseIterable {
    case push, sms, email
}
