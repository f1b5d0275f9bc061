internal import Curl
internal import Dispatch
internal import Foundation
import Glibc

/// Writes each mail to `FOLDER/MESSAGE-ID.eml` instead of sending it; for development and for tests. A mail with the same
/// Message-ID takes the place of the earlier one. The file appears whole and durable, or not at all.
package struct CaptureTransport: EmailTransport {
    package let isIdempotent = true
    private let folder: String
    /// Files are written here, never on the threads tasks run on.
    private let queue = DispatchQueue(label: "jobs.mail-capture")

    /// Makes the folder where it is missing.
    package init(folder: String) throws(EmailTransportError) {
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw .capture(errno: ENOTDIR)
        }
        self.folder = folder
    }

    package func deliver(_ mail: ComposedMail) async throws(EmailTransportError) -> EmailReceipt {
        let path = "\(folder)/\(mail.messageID.text).eml"
        let code = await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: Self.write(mail.bytes, to: path, in: folder)) }
        }
        guard code == 0 else { throw .capture(errno: code) }
        return EmailReceipt(accepted: mail.envelope.recipients, reference: path)
    }

    /// 0, or the errno of the step that failed.
    private static func write(_ bytes: [UInt8], to path: String, in folder: String) -> Int32 {
        let temporary = "\(folder)/.\(UUID().uuidString).tmp"
        let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { return errno }
        var failure: Int32 = 0
        if !writeAll(bytes, to: file) || fsync(file) != 0 { failure = errno }
        close(file)
        if failure == 0, rename(temporary, path) != 0 { failure = errno }
        guard failure == 0 else {
            unlink(temporary)
            return failure
        }
        return syncFolder(folder)
    }

    private static func writeAll(_ bytes: [UInt8], to file: Int32) -> Bool {
        bytes.withUnsafeBytes { buffer in
            var rest = buffer[...]
            while !rest.isEmpty {
                let count = Glibc.write(file, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return false }
                rest = rest.dropFirst(count)
            }
            return true
        }
    }

    private static func syncFolder(_ folder: String) -> Int32 {
        let directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { return errno }
        defer { close(directory) }
        return fsync(directory) == 0 ? 0 : errno
    }
}
