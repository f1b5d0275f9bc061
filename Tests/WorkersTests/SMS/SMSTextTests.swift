import Testing

@testable import Workers

@Suite("Texts and numbers of SMS")
struct SMSTextTests {
    @Test(
        "segments as the network counts them",
        arguments: [
            ("", SMSText.Alphabet.gsm7, 1), (String(repeating: "a", count: 160), .gsm7, 1),
            (String(repeating: "a", count: 161), .gsm7, 2), (String(repeating: "a", count: 306), .gsm7, 2),
            (String(repeating: "a", count: 307), .gsm7, 3), (String(repeating: "€", count: 80), .gsm7, 1),
            (String(repeating: "€", count: 81), .gsm7, 2),
            // 76 escapes fill 152 of 153: the next pair is not torn apart.
            (String(repeating: "€", count: 153), .gsm7, 3),
            ("àéèìòùñüÑÄÖ", .gsm7, 1), ("ação", .ucs2, 1), (String(repeating: "ã", count: 70), .ucs2, 1),
            (String(repeating: "ã", count: 71), .ucs2, 2), (String(repeating: "ã", count: 134), .ucs2, 2),
            (String(repeating: "ã", count: 135), .ucs2, 3), (String(repeating: "😀", count: 35), .ucs2, 1),
            (String(repeating: "😀", count: 36), .ucs2, 2), (String(repeating: "😀", count: 67), .ucs2, 3),
        ]
    )
    func segments(text: String, alphabet: SMSText.Alphabet, count: Int) {
        let sms = SMSText(text)
        #expect(sms.alphabet == alphabet && sms.segments == count)
    }

    @Test(
        "numbers are E.164 or nothing",
        arguments: [
            ("+5531999990000", "55"), ("+553133330000", "55"), ("+14155552671", "1"), ("+351912345678", "351"),
            ("+79161234567", "7"), ("+85212345678", "852"),
        ]
    )
    func valid(text: String, code: String) throws {
        #expect(try #require(PhoneNumber(text)).callingCode == code)
    }

    @Test(
        "what is none is refused",
        arguments: [
            "", "+", "5531999990000", "+55 31 99999-0000", "+5531", "+55319999900001", "+0123456789", "+2101234567",
            "+１５５５1234567", "+551\n1999990000", "+12345678901234567",
        ]
    )
    func invalid(text: String) { #expect(PhoneNumber(text) == nil) }

    @Test("reports in any order end at the same state")
    func lattice() {
        let reports = ["queued", "sent", "delivered", "undelivered", "sending"].compactMap(TwilioAnswer.state)
        #expect(reports.count == 5)
        func end(_ order: [MessageRecord.State]) -> MessageRecord.State {
            order.reduce(.sending) { $1.rank > $0.rank ? $1 : $0 }
        }
        for start in reports.indices {
            let turned = Array(reports[start...] + reports[..<start])
            #expect(end(turned) == .delivered && end(turned.reversed()) == .delivered)
        }
    }
}
