import Foundation
import Testing

@testable import JobCore

@Suite struct EnqueueFieldsTests {
    private func options(_ json: String) throws -> [EnqueueOption] {
        let object = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any]
        return try EnqueueFields(try #require(object)).options()
    }

    @Test func `what is given is what is asked for, and null asks for nothing`() throws {
        #expect(
            try options(#"{"delay_ms": 1, "lane": "bulk", "unique_key": null}"#) == [
                .lane(.bulk), .delay(.milliseconds(1)),
            ]
        )
        let debounced = try options(#"{"debounce_key": "k", "debounce_ms": 0, "debounce_leading": true}"#)
        #expect(debounced == [.debounce("k", .zero, leading: true)])
        #expect(try options(#"{"delay_ms": 1.0}"#) == [.delay(.milliseconds(1))])
    }

    @Test(arguments: [
        (#"{"delay_ms": true}"#, "delay_ms"), (#"{"delay_ms": 1.5}"#, "delay_ms"), (#"{"delay_ms": "1"}"#, "delay_ms"),
        (#"{"delay_ms": -1}"#, "delay_ms"), (#"{"dely_ms": 1}"#, "dely_ms"), (#"{"lane": "fast"}"#, "lane"),
        (#"{"id": "42"}"#, "id"), (#"{"debounce_key": "k"}"#, "debounce_ms"), (#"{"throttle_ms": 5}"#, "throttle_key"),
        (#"{"debounce_key": "k", "debounce_ms": 5, "debounce_leading": 1}"#, "debounce_leading"),
        (#"{"unique_key": "", "unique_ms": 5}"#, "unique_key"),
        (#"{"unique_key": "k", "unique_mode": "ever"}"#, "unique_mode"),
    ])
    func `a mistake names its member`(json: String, field: String) throws {
        let error = #expect(throws: FieldError.self) { try options(json) }
        #expect(error?.field == field)
    }
}
