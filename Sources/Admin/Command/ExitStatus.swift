/// How a verb ended, as scripts see it.
package enum ExitStatus: Int32, Sendable {
    case ok = 0
    case failed = 1
    case usage = 2
    /// A check did not hold: a plan with a difference, an unhealthy platform.
    case checkFailed = 3
    /// Try again later: queue full, broker blocked, store down.
    case tryLater = 4
}
