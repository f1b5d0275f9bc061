import Crypto
import Foundation

/// What the link in a mail carries: the address and the list, sealed with AES-256-GCM, so that nobody can read it, make one or
/// change one. The same address and list give the same token: a mail that is sent again is the same mail.
package struct UnsubscribeToken: Sendable {
    private let key: SymmetricKey
    private let nonceKey: SymmetricKey

    /// - Parameter text: 32 bytes in base64.
    package init?(key text: String) {
        guard let bytes = Data(base64Encoded: text), bytes.count == 32 else { return nil }
        func derived(_ purpose: String) -> SymmetricKey {
            HKDF<SHA256>.deriveKey(
                inputKeyMaterial: SymmetricKey(data: bytes),
                info: Data("checkin-jobs unsubscribe \(purpose)".utf8),
                outputByteCount: 32
            )
        }
        key = derived("seal")
        nonceKey = derived("nonce")
    }

    package func text(address: String, list: String) -> String? {
        let content = Data("\(list)\n\(address)".utf8)
        let nonce = Data(HMAC<SHA256>.authenticationCode(for: content, using: nonceKey)).prefix(12)
        guard let box = try? AES.GCM.seal(content, using: key, nonce: AES.GCM.Nonce(data: nonce)),
            let sealed = box.combined
        else { return nil }
        return sealed.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    /// Nil for what this key has not made.
    package func open(_ text: String) -> (address: String, list: String)? {
        guard text.utf8.count <= 1024 else { return nil }
        var base64 = text.replacing("-", with: "+").replacing("_", with: "/")
        while base64.utf8.count % 4 != 0 { base64 += "=" }
        guard let sealed = Data(base64Encoded: base64), let box = try? AES.GCM.SealedBox(combined: sealed),
            let content = try? AES.GCM.open(box, using: key)
        else { return nil }
        let parts = String(decoding: content, as: UTF8.self).split(
            separator: "\n",
            maxSplits: 1,
            omittingEmptySubsequences: false
        )
        guard parts.count == 2 else { return nil }
        return (String(parts[1]), String(parts[0]))
    }
}
