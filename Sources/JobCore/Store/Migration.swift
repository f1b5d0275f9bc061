/// One step of the schema, applied once and in order. Steps only add: the build before can still read what comes after.
package struct Migration: Sendable {
    package let version: Int
    package let name: String
    package let statements: @Sendable (Dialect) -> [String]

    package init(version: Int, name: String, statements: @escaping @Sendable (Dialect) -> [String]) {
        self.version = version
        self.name = name
        self.statements = statements
    }

    /// Families number their steps from here.
    package static let firstOfFamilies = 1000

    package static let all: [Migration] = [
        foundation, marks, fences, schedules, lag, alerts, admission, http, brakes, operators,
        replays,
    ]
}
