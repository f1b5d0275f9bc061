import Foundation

/// Reads the system's compiled zone files (RFC 8536, TZif version 2 and later).
package enum ZoneFile {
    package enum Failure: Error, Equatable, CustomStringConvertible {
        case unknown(String)
        case unreadable(String)

        package var description: String {
            switch self {
            case .unknown(let name): "no zone is called \"\(name)\""
            case .unreadable(let name): "the zone file of \(name) cannot be read"
            }
        }
    }

    private static let directory = "/usr/share/zoneinfo"

    /// - Parameter name: an IANA name such as `America/Sao_Paulo`; nothing else reaches the file system.
    package static func rules(_ name: String, directory: String = directory) throws(Failure) -> TimeZoneRules {
        if name == "UTC" { return .utc }
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        let isName =
            name.utf8.count <= 64
            && parts.allSatisfy { part in
                !part.isEmpty
                    && part.utf8.allSatisfy {
                        (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
                            || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-")
                    }
            }
        guard isName, let bytes = FileManager.default.contents(atPath: "\(directory)/\(name)") else {
            throw .unknown(name)
        }
        guard let rules = parse(Array(bytes), name: name) else { throw .unreadable(name) }
        return rules
    }

    /// The version of the system's table, such as `2025b`; nil where it does not say.
    package static func version(directory: String = directory) -> String? {
        guard let handle = FileHandle(forReadingAtPath: "\(directory)/tzdata.zi") else { return nil }
        defer { try? handle.close() }
        guard let bytes = try? handle.read(upToCount: 64) else { return nil }
        let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first ?? ""
        guard line.hasPrefix("# version ") else { return nil }
        return String(line.dropFirst("# version ".count))
    }

    static func parse(_ bytes: [UInt8], name: String) -> TimeZoneRules? {
        guard let old = Header(bytes[...]), old.version >= UInt8(ascii: "2") else { return nil }
        let rest = bytes.dropFirst(Header.size + old.bodySize(wide: false))
        guard let header = Header(rest) else { return nil }
        let body = Array(rest.dropFirst(Header.size))
        guard body.count >= header.bodySize(wide: true), header.types > 0 else { return nil }
        let indices = header.times * 8
        let types = indices + header.times
        func offset(_ type: Int) -> Int? {
            guard type < header.types else { return nil }
            return Int(Int32(truncatingIfNeeded: number(body[(types + type * 6)...], bytes: 4)))
        }
        guard let first = offset(0) else { return nil }
        var changes: [TimeZoneRules.Change] = []
        for index in 0..<header.times {
            guard let offset = offset(Int(body[indices + index])) else { return nil }
            changes.append(TimeZoneRules.Change(at: number(body[(index * 8)...], bytes: 8), offset: offset))
        }
        guard zip(changes, changes.dropFirst()).allSatisfy({ $0.at < $1.at }) else { return nil }
        let footer = body.dropFirst(header.bodySize(wide: true)).dropFirst().prefix { $0 != UInt8(ascii: "\n") }
        if let rule = DaylightRule(String(decoding: footer, as: UTF8.self)) {
            let last = changes.last?.at ?? Int64.min
            changes += rule.changes(through: 2100).filter { $0.at > last }
        }
        return TimeZoneRules(name: name, first: first, changes: changes)
    }

    private static func number(_ bytes: ArraySlice<UInt8>, bytes count: Int) -> Int64 {
        var value = bytes.prefix(count).reduce(into: UInt64(0)) { $0 = $0 << 8 | UInt64($1) }
        if count == 4 { value = UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: value))) }
        return Int64(bitPattern: value)
    }

    private struct Header {
        static let size = 44
        let version: UInt8
        let utcMarks, standardMarks, leaps, times, types, letters: Int

        init?(_ bytes: ArraySlice<UInt8>) {
            guard bytes.count >= Header.size, bytes.starts(with: Array("TZif".utf8)) else { return nil }
            let bytes = Array(bytes.prefix(Header.size))
            version = bytes[4]
            let counts = (0..<6).map { Int(ZoneFile.number(bytes[(20 + $0 * 4)...], bytes: 4)) }
            guard counts.allSatisfy({ (0...100_000).contains($0) }) else { return nil }
            (utcMarks, standardMarks, leaps) = (counts[0], counts[1], counts[2])
            (times, types, letters) = (counts[3], counts[4], counts[5])
        }

        func bodySize(wide: Bool) -> Int {
            let time = wide ? 8 : 4
            return times * time + times + types * 6 + letters + leaps * (time + 4) + standardMarks + utcMarks
        }
    }
}
