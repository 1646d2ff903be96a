namespace Btmm.Protocol.Dns.Tsig;

internal enum TsigHash
{
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}
