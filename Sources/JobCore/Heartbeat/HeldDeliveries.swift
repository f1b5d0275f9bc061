import Foundation

/// What a process has taken and not yet acknowledged, by the lane's name in the broker: if it dies, that goes back.
package struct HeldDeliveries: Sendable, Equatable, Codable {
    package struct Lane: Sendable, Equatable, Codable {
        package var count: Int
        /// Ready-at of the oldest, ms.
        package var oldest: Int64?
        /// Ready-at of the oldest that has not started.
        package var unstarted: Int64?

        package init(count: Int, oldest: Int64? = nil, unstarted: Int64? = nil) {
            self.count = count
            self.oldest = oldest
            self.unstarted = unstarted
        }
    }

    package var lanes: [String: Lane]

    package init(_ lanes: [String: Lane] = [:]) {
        self.lanes = lanes
    }

    static func read(_ text: String) -> HeldDeliveries {
        let lanes = try? JSONDecoder().decode([String: Lane].self, from: Data(text.utf8))
        return HeldDeliveries(lanes ?? [:])
    }

    var text: String {
        (try? JSONEncoder().encode(lanes)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }
}
