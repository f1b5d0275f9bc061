import Foundation

/// Threads that wait for each other once; who comes after the meeting passes through.
final class Meeting: @unchecked Sendable {
    // Unchecked: `missing` is only touched with `condition` locked.
    private let condition = NSCondition()
    private var missing: Int

    init(of count: Int) { missing = count }

    func arrive() {
        condition.lock()
        defer { condition.unlock() }
        missing -= 1
        condition.broadcast()
        let limit = Date(timeIntervalSinceNow: 10)
        while missing > 0, condition.wait(until: limit) {}
    }
}
