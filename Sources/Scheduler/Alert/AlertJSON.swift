import Foundation
import JobCore

/// JSON of the receivers' interfaces, keys in alphabetic order.
enum AlertJSON {
    /// - Parameter snakeCase: how the receiver spells its keys.
    static func bytes(_ value: some Encodable, snakeCase: Bool = true) throws(AlertDeliveryError) -> [UInt8] {
        let encoder = JSONEncoder()
        if snakeCase { encoder.keyEncodingStrategy = .convertToSnakeCase }
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return [UInt8](try encoder.encode(value))
        } catch {
            throw AlertDeliveryError("cannot be written as JSON")
        }
    }
}

extension AlertRecord {
    /// `[firing] lag_high: …`, at most 200 characters.
    var headline: String {
        let state = isFiring ? finding.severity.rawValue : "resolved"
        return String("[\(state)] \(finding.name.rawValue): \(finding.summary)".prefix(200))
    }

    /// Several lines: what, why, what to do.
    var text: String {
        """
        \(finding.summary)
        cause: \(finding.cause)
        do: \(finding.command)
        runbook: \(finding.runbook)
        since: \(since)\(resolvedAt.map { ", over at \($0)" } ?? "")
        """
    }
}
