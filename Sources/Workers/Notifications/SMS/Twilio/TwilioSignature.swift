import Crypto
import Foundation

/// How Twilio signs its callbacks: base64 of HMAC-SHA1, with the account's token, over the address and the form's fields
/// sorted by name, each name followed by its value.
package enum TwilioSignature {
    package static func text(url: String, fields: [(String, String)], token: String) -> String {
        let signed = fields.sorted { $0.0 < $1.0 }.reduce(url) { $0 + $1.0 + $1.1 }
        let key = SymmetricKey(data: Data(token.utf8))
        return Data(HMAC<Insecure.SHA1>.authenticationCode(for: Data(signed.utf8), using: key)).base64EncodedString()
    }

    /// In a time that tells nothing of where they differ.
    package static func isValid(_ given: String, url: String, fields: [(String, String)], token: String) -> Bool {
        let right = Array(text(url: url, fields: fields, token: token).utf8)
        let given = Array(given.utf8)
        guard given.count == right.count else { return false }
        return zip(given, right).reduce(0) { $0 | $1.0 ^ $1.1 } == 0
    }
}
