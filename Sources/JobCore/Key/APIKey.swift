import Crypto
import Foundation

/// A program's right to enqueue over HTTP. Of its secret only the hash is kept.
package struct APIKey: Sendable, Equatable {
    package let id: String
    /// Who has it, for people.
    package let name: String
    /// Job names it may enqueue and look up; `*` stands for any characters.
    package let patterns: [String]
    /// May also read all queues.
    package let reads: Bool
    package let createdAt: Timestamp
    package let expiresAt: Timestamp?
    package let revokedAt: Timestamp?
    package let lastUsedAt: Timestamp?
    /// Hexadecimal SHA-256: the secret has 256 random bits, which no slower hash makes safer.
    let hash: String

    package func allows(_ job: JobName) -> Bool {
        patterns.contains { APIKey.matches($0[...], job.rawValue[...]) }
    }

    /// A name, or `notification.*`, or `*`.
    package static func isPattern(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 100
            && text.utf8.allSatisfy { byte in
                (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || "._*".utf8.contains(byte)
            }
    }

    /// Steps back to the last star at a mismatch: linear for what people write, never worse than the product of both.
    private static func matches(_ pattern: Substring, _ name: Substring) -> Bool {
        var (pattern, name) = (pattern, name)
        var retry: (pattern: Substring, name: Substring)?
        while let next = name.first {
            if pattern.first == "*" {
                pattern = pattern.dropFirst()
                retry = (pattern, name)
            } else if pattern.first == next {
                (pattern, name) = (pattern.dropFirst(), name.dropFirst())
            } else if let back = retry {
                (pattern, name) = (back.pattern, back.name.dropFirst())
                retry = (pattern, name)
            } else {
                return false
            }
        }
        return pattern.allSatisfy { $0 == "*" }
    }
}

/// What a caller sends: `cij_ID_SECRET`. Never stored, and printed once.
package struct APIToken: Sendable {
    package let id: String
    private let secret: String

    package init() {
        func random(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: .min ... .max) } }
        id = random(6).hexadecimal
        secret = random(32).hexadecimal
    }

    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "_", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "cij", parts[1].utf8.count == 12, parts[2].utf8.count == 64 else {
            return nil
        }
        (id, secret) = (String(parts[1]), String(parts[2]))
    }

    package var text: String { "cij_\(id)_\(secret)" }

    var hash: String { Array(SHA256.hash(data: Data(secret.utf8))).hexadecimal }

    /// In a time that says nothing about where they differ.
    package func fits(_ key: APIKey) -> Bool {
        let (mine, theirs) = (Array(hash.utf8), Array(key.hash.utf8))
        guard mine.count == theirs.count else { return false }
        return zip(mine, theirs).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }
}

extension [UInt8] {
    var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
