# shellcheck shell=bash
# What the private broker shows to clients and wants of them: sourced by `scripts/nodes`, works on $dir. Two authorities:
# ours, and a stranger's, whose certificates must be refused.
# shellcheck disable=SC2154

certificates_valid_days=30

write_certificates() {
    local folder=$dir/certificates
    if [[ -f $folder/complete ]]; then return 0; fi
    rm -rf "$folder"
    mkdir -p "$folder"
    (
        umask 077
        cd "$folder" || exit
        make_authority authority "CheckIn Jobs private nodes"
        make_certificate server authority localhost DNS:localhost
        make_certificate client authority jobs
        make_authority stranger "Somebody else"
        make_certificate stranger-client stranger jobs
    )
    touch "$folder/complete"
}

new_key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"; }

make_authority() {
    new_key "$1"
    openssl req -x509 -new -key "$1.key" -subj "/CN=$2" -days "$certificates_valid_days" -out "$1.pem" \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign
}

# Arguments: NAME AUTHORITY COMMON-NAME [SUBJECT-ALTERNATIVE-NAME]
make_certificate() {
    local usage=clientAuth
    if [[ -n ${4:-} ]]; then usage=serverAuth; fi
    new_key "$1"
    openssl req -new -key "$1.key" -subj "/CN=$3" |
        openssl x509 -req -CA "$2.pem" -CAkey "$2.key" -CAcreateserial -days "$certificates_valid_days" -out "$1.pem" \
            -extfile <(printf 'extendedKeyUsage=%s\n%s\n' "$usage" "${4:+subjectAltName=$4}") 2>/dev/null
}
