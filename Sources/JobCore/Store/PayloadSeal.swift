import Crypto
import Foundation

/// Encrypts payloads on their way into the store and opens them on their way out: AES-256-GCM (NIST SP 800-38D) with a key
/// of its own for each job, derived by HKDF-SHA256 (RFC 5869), so that random nonces never come near their limit.
///
/// What is stored is `00 "CJS1"`, eight bytes that name the key, twelve of nonce, the ciphertext and sixteen of tag. JSON
/// never begins with a NUL, so payloads from before there was a key are told apart and read as they are. The job's id is
/// authenticated with it: a payload that is moved to another row does not open.
public struct PayloadSeal: Sendable {
    private struct Key: Sendable {
        let secret: SymmetricKey
        let name: [UInt8]

        init(_ bytes: Data) {
            secret = SymmetricKey(data: bytes)
            name = Array(SHA256.hash(data: Array("checkin-jobs data key".utf8) + bytes).prefix(PayloadSeal.nameLength))
        }

        func derived(for owner: String) -> SymmetricKey {
            HKDF<SHA256>.deriveKey(
                inputKeyMaterial: secret,
                info: Array("checkin-jobs payload \(owner)".utf8),
                outputByteCount: PayloadSeal.keyLength
            )
        }
    }

    /// Why a file of keys cannot be used; for people.
    package struct Mistake: Error, Sendable, Equatable {
        package let reason: String
    }

    private static let magic: [UInt8] = [0] + Array("CJS1".utf8)
    private static let nameLength = 8
    private static let keyLength = 32
    private static let overhead = magic.count + nameLength + 12 + 16

    private let keys: [Key]

    /// - Parameter file: one key a line, each 32 random bytes in base64, as `openssl rand -base64 32` prints them. The first seals,
    ///   all of them open. Empty lines and lines that begin with `#` are passed over.
    package init(file text: String) throws(Mistake) {
        var keys: [Key] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = line.trimmingCharacters(in: .whitespaces)
            guard !line.isEmpty, !line.hasPrefix("#") else { continue }
            guard let bytes = Data(base64Encoded: line), bytes.count == PayloadSeal.keyLength else {
                throw Mistake(reason: "line \(index + 1) is not 32 bytes in base64")
            }
            keys.append(Key(bytes))
        }
        guard !keys.isEmpty else { throw Mistake(reason: "there is no key in it") }
        self.keys = keys
    }

    /// The names of the keys, the one that seals first.
    package var names: [String] { keys.map { $0.name.hexadecimal } }

    /// - Parameter owner: the job's id, as the row has it.
    package func seal(_ payload: [UInt8], of owner: String) throws(StoreError) -> [UInt8] {
        let key = keys[0]
        let header = PayloadSeal.magic + key.name
        do {
            let box = try AES.GCM.seal(
                payload,
                using: key.derived(for: owner),
                authenticating: header + Array(owner.utf8)
            )
            return header + Array(box.nonce) + Array(box.ciphertext) + Array(box.tag)
        } catch {
            throw .refused("a payload cannot be sealed: \(error)")
        }
    }

    /// Bytes that were never sealed come back as they are.
    package static func open(_ stored: [UInt8], of owner: String, with seal: PayloadSeal?) throws(StoreError) -> [UInt8]
    {
        guard stored.starts(with: magic), stored.count >= overhead else { return stored }
        let name = Array(stored[magic.count..<magic.count + nameLength])
        guard let key = seal?.keys.first(where: { $0.name == name }) else {
            throw .sealed(
                "its payload is sealed with the data key \(name.hexadecimal), which this process does not have"
            )
        }
        let header = magic + name
        do {
            let box = try AES.GCM.SealedBox(combined: stored[header.count...])
            return [UInt8](
                try AES.GCM.open(box, using: key.derived(for: owner), authenticating: header + Array(owner.utf8))
            )
        } catch {
            throw .decoding("the sealed payload of \(owner) has been changed or belongs to another job")
        }
    }
}
