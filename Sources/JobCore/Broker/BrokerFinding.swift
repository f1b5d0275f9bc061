/// What a broker knows of its own health, in words for people.
package struct BrokerFinding: Sendable, Equatable {
    package let name: String
    /// Nil when it could not be found out.
    package let isWell: Bool?
    package let detail: String
    /// A command or a deed, when something is wrong.
    package let remedy: String?

    package init(_ name: String, isWell: Bool?, _ detail: String, remedy: String? = nil) {
        self.name = name
        self.isWell = isWell
        self.detail = detail
        self.remedy = remedy
    }
}
