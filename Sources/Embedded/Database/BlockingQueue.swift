import Foundation

/// Work for threads of our own. The cooperative pool only pushes, and never waits longer than the lock is held.
///
/// `@unchecked Sendable`: every access to the mutable members is inside `condition`'s lock.
final class BlockingQueue<Element: Sendable>: @unchecked Sendable {
    private let condition = NSCondition()
    private var items: [Element] = []
    private var head = 0
    private var closed = false
    private var idle = 0

    /// False when the queue is closed and the element was not taken.
    func push(_ element: Element) -> Bool {
        condition.lock()
        defer { condition.unlock() }
        guard !closed else { return false }
        items.append(element)
        if idle > 0 { condition.signal() }
        return true
    }

    /// Waits for an element; nil once the queue is closed and empty.
    func pop() -> Element? {
        condition.lock()
        defer { condition.unlock() }
        while head == items.count, !closed {
            idle += 1
            condition.wait()
            idle -= 1
        }
        return takeFirst()
    }

    /// The first element if there is one and it qualifies; never waits.
    func popNow(where qualifies: (Element) -> Bool = { _ in true }) -> Element? {
        condition.lock()
        defer { condition.unlock() }
        guard head < items.count, qualifies(items[head]) else { return nil }
        return takeFirst()
    }

    /// True when there is more to do than threads that wait for it.
    var needsThread: Bool {
        condition.lock()
        defer { condition.unlock() }
        return items.count - head > idle
    }

    /// What is queued is still handed out; nothing more is taken.
    func close() {
        condition.lock()
        defer { condition.unlock() }
        closed = true
        condition.broadcast()
    }

    private func takeFirst() -> Element? {
        guard head < items.count else { return nil }
        let element = items[head]
        head += 1
        if head == items.count {
            items.removeAll(keepingCapacity: true)
            head = 0
        } else if head > 1024, head * 2 > items.count {
            items.removeFirst(head)
            head = 0
        }
        return element
    }
}
