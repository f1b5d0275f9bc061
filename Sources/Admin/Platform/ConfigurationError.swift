/// What is wrong with the environment, and the variable that mends it.
package struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    package let problem: String
    package let remedy: String

    package init(_ problem: String, remedy: String) {
        self.problem = problem
        self.remedy = remedy
    }

    package var description: String { "\(problem): \(remedy)" }
}
