/// Elements by their deadlines, the nearest first: a binary heap.
struct DeadlineHeap<Element> {
    private var heap: [(deadline: Instant, element: Element)] = []

    var next: Instant? { heap.first?.deadline }
    var count: Int { heap.count }

    mutating func insert(_ element: Element, deadline: Instant) {
        heap.append((deadline, element))
        var child = heap.count - 1
        while child > 0, heap[child].deadline < heap[(child - 1) / 2].deadline {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// The nearest element, if it is due.
    mutating func popDue(_ now: Instant) -> Element? {
        guard let first = heap.first, first.deadline <= now else { return nil }
        return pop()
    }

    /// Takes elements nobody needs from the front, so that they wake nobody.
    mutating func dropFront(while isDone: (Element) -> Bool) {
        while let first = heap.first, isDone(first.element) { _ = pop() }
    }

    private mutating func pop() -> Element? {
        guard let last = heap.popLast() else { return nil }
        guard let first = heap.first else { return last.element }
        heap[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && heap[child].deadline < heap[least].deadline { least = child }
            if least == parent { break }
            heap.swapAt(parent, least)
            parent = least
        }
        return first.element
    }
}
