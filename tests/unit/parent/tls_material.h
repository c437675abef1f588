/*
 * tls_material: certificates and keys made for these tests, valid for a hundred years.
 *
 * One authority signed the server's and the client's certificate, another the stranger's. The keys
 * protect nothing.
 */
#ifndef UNIT_PARENT_TLS_MATERIAL_H
#define UNIT_PARENT_TLS_MATERIAL_H

static const char authority_pem[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBWjCCAQCgAwIBAgIUNkCmvPSn03TCWJHDPPe6cVJc/zwwCgYIKoZIzj0EAwIw\n"
    "EjEQMA4GA1UEAwwHdGVzdCBjYTAgFw0yNjExMjIxOTUzMDdaGA8yMTI2MTAyOTE5\n"
    "NTMwN1owEjEQMA4GA1UEAwwHdGVzdCBjYTBZMBMGByqGSM49AgEGCCqGSM49AwEH\n"
    "A0IABH24F8a4ZnpfuLNDJtoz1RAQYrXsCkQFWuukXy1ASdM7RfkRYy5+6TYDu/gx\n"
    "ifzKA4xokR/aE5za29WqxL0oxVqjMjAwMA8GA1UdEwEB/wQFMAMBAf8wHQYDVR0O\n"
    "BBYEFMdhaPdzRae5/W+dc/8MuNZivuoBMAoGCCqGSM49BAMCA0gAMEUCIE/NCTwl\n"
    "TZ0CA66f7JUATnPMY0qUQg0+H38cKJuQzWoxAiEAubBz91XdpLasrgM8svLsGavh\n"
    "PYjrOviPsrHtAW/xsw0=\n"
    "-----END CERTIFICATE-----\n";

static const char server_pem[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBiDCCAS6gAwIBAgIUG8fObPYIjmmesS/WbL1v0WdbjYowCgYIKoZIzj0EAwIw\n"
    "EjEQMA4GA1UEAwwHdGVzdCBjYTAgFw0yNjExMjIxOTUzMDdaGA8yMTI2MTAyOTE5\n"
    "NTMwN1owFDESMBAGA1UEAwwJbG9jYWxob3N0MFkwEwYHKoZIzj0CAQYIKoZIzj0D\n"
    "AQcDQgAEEkB4qcBb1cUphDSRbSg+ZaLKgK//jHJTcAz53QVKDRpsBGpAQJTddkwE\n"
    "KD1/laMce6ywp7/5/Pkic3h5GthrTaNeMFwwGgYDVR0RBBMwEYIJbG9jYWxob3N0\n"
    "hwR/AAABMB0GA1UdDgQWBBQzgCCSejOxATtGc0FFz4S2t+DheDAfBgNVHSMEGDAW\n"
    "gBTHYWj3c0Wnuf1vnXP/DLjWYr7qATAKBggqhkjOPQQDAgNIADBFAiEA3SixMiQA\n"
    "3c1NFlVheBFnWEJCMn5tJy0bvwhDHBSpl6cCIGP3Hsh0ZeCMT5TGKi0H+BB0G73B\n"
    "bVXB3HxDeyPHKdSx\n"
    "-----END CERTIFICATE-----\n";

static const char server_key[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgqViECKMJOpUJgs85\n"
    "OKnuahiK5WWzj5tCEdiU4IaDCwihRANCAAQSQHipwFvVxSmENJFtKD5losqAr/+M\n"
    "clNwDPndBUoNGmwEakBAlN12TAQoPX+Voxx7rLCnv/n8+SJzeHka2GtN\n"
    "-----END PRIVATE KEY-----\n";

static const char client_pem[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBfjCCASSgAwIBAgIUHXP8lHzHZ/hYU7tR5/+CtZc83RYwCgYIKoZIzj0EAwIw\n"
    "EjEQMA4GA1UEAwwHdGVzdCBjYTAgFw0yNjExMjIxOTUzMDdaGA8yMTI2MTAyOTE5\n"
    "NTMwN1owETEPMA0GA1UEAwwGY2xpZW50MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcD\n"
    "QgAE2cKh5zzAcFJBmHcBRmC42Xt3JXzJ1hbTiPqDUKhFitJZGkuKissUW9nFZY4d\n"
    "F79MgjZXdfQHah4/x8FclRwVK6NXMFUwEwYDVR0lBAwwCgYIKwYBBQUHAwIwHQYD\n"
    "VR0OBBYEFMBBwbRVEety0dg1GLO0YdGe6lG6MB8GA1UdIwQYMBaAFMdhaPdzRae5\n"
    "/W+dc/8MuNZivuoBMAoGCCqGSM49BAMCA0gAMEUCIQDfICW4f0OBtdQaYXOU2yL9\n"
    "I8pV4XgeKDGIRpKuJzyvBgIgJ2XEF53jR6oXfK5h13cgTyRRy6lJ7K9wHfJfFf6M\n"
    "Rkc=\n"
    "-----END CERTIFICATE-----\n";

static const char client_key[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgMuUwE3luQj2CeXzY\n"
    "MXowfBuRzeaHpiSYOPpVxqrci5yhRANCAATZwqHnPMBwUkGYdwFGYLjZe3clfMnW\n"
    "FtOI+oNQqEWK0lkaS4qKyxRb2cVljh0Xv0yCNld19AdqHj/HwVyVHBUr\n"
    "-----END PRIVATE KEY-----\n";

static const char stranger_pem[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBgzCCASmgAwIBAgIUbvCtYUA04+ffcfOXAb/zSq+CiDEwCgYIKoZIzj0EAwIw\n"
    "FTETMBEGA1UEAwwKdGVzdCBvdGhlcjAgFw0yNjExMjIxOTUzMDdaGA8yMTI2MTAy\n"
    "OTE5NTMwN1owEzERMA8GA1UEAwwIc3RyYW5nZXIwWTATBgcqhkjOPQIBBggqhkjO\n"
    "PQMBBwNCAASJ3R5G4vmV73ojDXQCurKI1dsjRq8vYivPp8G3wVY9rfv9dwL3dPDa\n"
    "MPxnyz0eQSOZMDyKMIFnkl/Ee0BMt5lho1cwVTATBgNVHSUEDDAKBggrBgEFBQcD\n"
    "AjAdBgNVHQ4EFgQUHwkZ0fQAlCpQhWLh4xSItLyXaGcwHwYDVR0jBBgwFoAUAmLF\n"
    "MfsMmcA/0DnZewgHyuHjeA0wCgYIKoZIzj0EAwIDSAAwRQIhAMwaiy0gCMZrCHz2\n"
    "M+0z2Kpfd9NJKqCbUGSIOxk/hbnWAiAcYPpp7rGi1OCoA9xzRtTHLMoE03LA2xOu\n"
    "1ct0J3adzA==\n"
    "-----END CERTIFICATE-----\n";

static const char stranger_key[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg7i9cj7qZPUNc0gbH\n"
    "BRHZ7nS+fbefGM6PsAtsZ3LHfUWhRANCAASJ3R5G4vmV73ojDXQCurKI1dsjRq8v\n"
    "YivPp8G3wVY9rfv9dwL3dPDaMPxnyz0eQSOZMDyKMIFnkl/Ee0BMt5lh\n"
    "-----END PRIVATE KEY-----\n";

#endif
