using System.Security.Cryptography.X509Certificates;
using Btmm.Core.Diagnostics;
using Btmm.Server.Hosting;

namespace Btmm.Server.Transport.Tls;

/// <summary>
/// The certificate of a file, read again when the file has changed; looked at once a minute at most. When the new one cannot be
/// used the old one stays, and that is reported. Thread-safe.
/// </summary>
internal sealed class CertificateFile
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMinutes(1);

    private readonly ServerCertificate _source;
    private readonly ServiceClock _clock;
    private readonly Lock _gate = new();
    private volatile TlsCertificate _current;
    private DateTime _lastWrite;
    private TimeSpan _nextLook;

    /// <exception cref="BtmmException">CertificateInvalid.</exception>
    internal CertificateFile(ServerCertificate source, ServiceClock clock)
    {
        _source = source;
        _clock = clock;
        _lastWrite = source.LastWrite();
        _current = Load(source);
        _nextLook = clock.Now + s_interval;
    }

    internal TlsCertificate Current
    {
        get
        {
            // Whoever comes while another looks takes what is there.
            if (_clock.Now >= _nextLook && _gate.TryEnter())
            {
                try
                {
                    Look();
                }
                finally
                {
                    _gate.Exit();
                }
            }

            return _current;
        }
    }

    private void Look()
    {
        _nextLook = _clock.Now + s_interval;
        DateTime lastWrite = _source.LastWrite();
        if (lastWrite == _lastWrite)
            return;
        try
        {
            _current = Load(_source);
            _lastWrite = lastWrite;
        }
        catch (BtmmException error)
        {
            ServerLog.Instance.CertificateFailed(error.Message);
        }
    }

    private static TlsCertificate Load(ServerCertificate source)
    {
        X509Certificate2Collection all = source.Load();
        X509Certificate2 own = all[0];
        all.RemoveAt(0);
        return new TlsCertificate(own, all);
    }
}
