import CRabbitMQ

/// Copies of what librabbitmq decoded, taken before its buffers are released.
///
/// Depth and number of table entries are bounded here; librabbitmq 0.11 itself recurses once per level, at most some
/// 26 000 in a frame of 128 KiB, which is why link threads have a large stack.
enum Copying {
    static func string(_ bytes: amqp_bytes_t) -> String {
        guard bytes.len > 0, let base = bytes.bytes else { return "" }
        return String(decoding: UnsafeRawBufferPointer(start: base, count: bytes.len), as: UTF8.self)
    }

    static func bytes(_ bytes: amqp_bytes_t) -> [UInt8] {
        guard bytes.len > 0, let base = bytes.bytes else { return [] }
        return Array(UnsafeRawBufferPointer(start: base, count: bytes.len))
    }

    static func properties(_ source: amqp_basic_properties_t) -> AMQPProperties {
        var target = AMQPProperties(deliveryMode: nil)
        let flags = source._flags
        func has(_ flag: Int32) -> Bool { flags & UInt32(flag) != 0 }
        if has(AMQP_BASIC_CONTENT_TYPE_FLAG) { target.contentType = string(source.content_type) }
        if has(AMQP_BASIC_CONTENT_ENCODING_FLAG) { target.contentEncoding = string(source.content_encoding) }
        if has(AMQP_BASIC_DELIVERY_MODE_FLAG) { target.deliveryMode = source.delivery_mode }
        if has(AMQP_BASIC_PRIORITY_FLAG) { target.priority = source.priority }
        if has(AMQP_BASIC_CORRELATION_ID_FLAG) { target.correlationID = string(source.correlation_id) }
        if has(AMQP_BASIC_REPLY_TO_FLAG) { target.replyTo = string(source.reply_to) }
        if has(AMQP_BASIC_EXPIRATION_FLAG) { target.expiration = string(source.expiration) }
        if has(AMQP_BASIC_MESSAGE_ID_FLAG) { target.messageID = string(source.message_id) }
        if has(AMQP_BASIC_TIMESTAMP_FLAG) { target.timestamp = source.timestamp }
        if has(AMQP_BASIC_TYPE_FLAG) { target.type = string(source.type) }
        if has(AMQP_BASIC_USER_ID_FLAG) { target.userID = string(source.user_id) }
        if has(AMQP_BASIC_APP_ID_FLAG) { target.appID = string(source.app_id) }
        if has(AMQP_BASIC_HEADERS_FLAG) {
            var tables = TableCopy()
            target.headers = tables.table(source.headers, depth: 1)
            target.headersTruncated = tables.truncated
        }
        return target
    }
}

/// One bounded walk over a decoded table.
private struct TableCopy {
    static let maximumEntries = 1_024

    var truncated = false
    private var left = maximumEntries

    mutating func table(_ source: amqp_table_t, depth: Int) -> AMQPTable {
        var entries: [AMQPTable.Entry] = []
        guard let base = source.entries, source.num_entries > 0 else { return AMQPTable() }
        entries.reserveCapacity(min(Int(source.num_entries), left))
        for index in 0..<Int(source.num_entries) {
            guard take() else { break }
            let entry = base[index]
            entries.append(.init(key: Copying.string(entry.key), value: value(entry.value, depth: depth)))
        }
        return AMQPTable(entries: entries)
    }

    private mutating func array(_ source: amqp_array_t, depth: Int) -> [AMQPValue] {
        var values: [AMQPValue] = []
        guard let base = source.entries, source.num_entries > 0 else { return [] }
        for index in 0..<Int(source.num_entries) {
            guard take() else { break }
            values.append(value(base[index], depth: depth))
        }
        return values
    }

    private mutating func take() -> Bool {
        guard left > 0 else {
            truncated = true
            return false
        }
        left -= 1
        return true
    }

    private mutating func value(_ field: amqp_field_value_t, depth: Int) -> AMQPValue {
        switch amqp_field_value_kind_t(UInt32(field.kind)) {
        case AMQP_FIELD_KIND_BOOLEAN: return .bool(field.value.boolean != 0)
        case AMQP_FIELD_KIND_I8: return .int8(field.value.i8)
        case AMQP_FIELD_KIND_U8: return .uint8(field.value.u8)
        case AMQP_FIELD_KIND_I16: return .int16(field.value.i16)
        case AMQP_FIELD_KIND_U16: return .uint16(field.value.u16)
        case AMQP_FIELD_KIND_I32: return .int32(field.value.i32)
        case AMQP_FIELD_KIND_U32: return .uint32(field.value.u32)
        case AMQP_FIELD_KIND_I64: return .int64(field.value.i64)
        case AMQP_FIELD_KIND_U64: return .uint64(field.value.u64)
        case AMQP_FIELD_KIND_F32: return .float(field.value.f32)
        case AMQP_FIELD_KIND_F64: return .double(field.value.f64)
        case AMQP_FIELD_KIND_DECIMAL:
            return .decimal(scale: field.value.decimal.decimals, value: field.value.decimal.value)
        case AMQP_FIELD_KIND_UTF8: return .string(Copying.bytes(field.value.bytes))
        case AMQP_FIELD_KIND_BYTES: return .bytes(Copying.bytes(field.value.bytes))
        case AMQP_FIELD_KIND_TIMESTAMP: return .timestamp(field.value.u64)
        case AMQP_FIELD_KIND_ARRAY, AMQP_FIELD_KIND_TABLE:
            guard depth < AMQPTable.maximumDepth else {
                truncated = true
                return .void
            }
            return field.kind == UInt8(ascii: "F")
                ? .table(table(field.value.table, depth: depth + 1))
                : .array(array(field.value.array, depth: depth + 1))
        default: return .void
        }
    }
}
