import Foundation
import JobCore

/// The embedded file's part: how large it is and how much room it has.
struct FileChecks {
    private static let neededRoom: Int64 = 512 << 20
    /// The log shrinks to 64 MiB at each checkpoint; beyond this somebody has held it open for long.
    private static let tolerableLog: Int64 = 512 << 20

    private let path: String

    init(_ path: String) {
        self.path = path
    }

    func run() -> [Checkup] {
        [file(), log(), room()]
    }

    private func file() -> Checkup {
        guard let size = size(of: path) else { return .unknown("file", "its size cannot be read") }
        return .good("file", "\(FileChecks.spoken(size)) at \(path)")
    }

    private func log() -> Checkup {
        let size = size(of: path + "-wal") ?? 0
        guard size > FileChecks.tolerableLog else {
            return .good("log", "\(FileChecks.spoken(size)) of write-ahead log")
        }
        return .bad(
            "log",
            "\(FileChecks.spoken(size)) of write-ahead log: a process has been reading the file for long",
            remedy: "end other programs that have \(path) open"
        )
    }

    private func room() -> Checkup {
        let folder = (path as NSString).deletingLastPathComponent
        let attributes = try? FileManager.default.attributesOfFileSystem(forPath: folder)
        guard let free = (attributes?[.systemFreeSize] as? NSNumber)?.int64Value else {
            return .unknown("disk", "its free space cannot be read")
        }
        guard free < FileChecks.neededRoom else { return .good("disk", "\(FileChecks.spoken(free)) free") }
        return .bad("disk", "only \(FileChecks.spoken(free)) free", remedy: "make room where \(folder) is")
    }

    private func size(of path: String) -> Int64? {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return (attributes?[.size] as? NSNumber)?.int64Value
    }

    private static func spoken(_ bytes: Int64) -> String {
        switch bytes {
        case ..<(1 << 20): "\(bytes >> 10) KiB"
        case ..<(10 << 30): "\(bytes >> 20) MiB"
        default: "\(bytes >> 30) GiB"
        }
    }
}
