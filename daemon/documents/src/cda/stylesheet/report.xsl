<?xml version="1.0" encoding="UTF-8"?>
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:h="urn:hl7-org:v3" xmlns:lab="urn:oid:1.3.6.1.4.1.19376.1.3.2" exclude-result-prefixes="h lab">
<xsl:output method="html" encoding="UTF-8" indent="no" doctype-system="about:legacy-compat"/>
<xsl:variable name="ecole" select="false()"/>
<xsl:variable name="d" select="/h:ClinicalDocument"/>
<xsl:variable name="act" select="$d/h:documentationOf[1]/h:serviceEvent"/>
<xsl:variable name="keeper" select="$d/h:custodian/h:assignedCustodian/h:representedCustodianOrganization"/>
<xsl:variable name="pr" select="$d/h:recordTarget/h:patientRole"/>
<xsl:template match="/">
<html lang="fr"><head><title><xsl:value-of select="$d/h:title"/></title><style>@CSS@</style></head><body><main>
<xsl:if test="$ecole"><p class="training">ÉCOLE : document d'exercice, sans valeur médicale</p></xsl:if>
<header>
<div><div class="lab"><xsl:value-of select="$keeper/h:name"/></div>
<div class="soft"><xsl:call-template name="addr"><xsl:with-param name="a" select="$keeper/h:addr"/></xsl:call-template></div>
<div class="soft"><xsl:call-template name="telecoms"><xsl:with-param name="t" select="$act/h:performer/h:assignedEntity/h:representedOrganization/h:telecom"/></xsl:call-template></div>
<div class="soft"><xsl:if test="starts-with($keeper/h:id/@extension,'1')">FINESS <xsl:value-of select="substring($keeper/h:id/@extension,2)"/></xsl:if>
<xsl:for-each select="$d/h:componentOf//h:representedOrganization/h:id[@root='1.2.250.1.213.6.3.1']"> · Accréditation Cofrac n° <xsl:value-of select="@extension"/>, portée sur www.cofrac.fr</xsl:for-each></div></div>
<div class="doc"><h1><xsl:value-of select="$d/h:title"/></h1>
<div><xsl:choose>
<xsl:when test="$act/lab:statusCode/@code='active'"><span class="alert">Compte rendu partiel : des résultats sont en cours</span></xsl:when>
<xsl:when test="$act/lab:statusCode/@code='aborted'"><span class="alert">Examens abandonnés</span></xsl:when>
<xsl:otherwise><span class="state">Compte rendu définitif</span></xsl:otherwise></xsl:choose></div>
<div class="fact">Dossier n° <xsl:value-of select="$act/h:id/@extension"/></div>
<div class="fact">Édité le <xsl:call-template name="when"><xsl:with-param name="v" select="$d/h:effectiveTime/@value"/></xsl:call-template></div>
<xsl:if test="$d/h:versionNumber/@value &gt; 1"><div class="alert">Version <xsl:value-of select="$d/h:versionNumber/@value"/> : annule et remplace la version <xsl:value-of select="$d/h:versionNumber/@value - 1"/></div></xsl:if></div>
</header>
<div class="boxes"><div class="box wide"><div class="cap">Patient</div>
<div class="who"><xsl:value-of select="$pr/h:patient/h:name/h:family[@qualifier='BR']"/><xsl:text> </xsl:text><xsl:value-of select="$pr/h:patient/h:name/h:given[@qualifier='BR']"/></div>
<xsl:for-each select="$pr/h:patient/h:name/h:*"><xsl:variable name="l"><xsl:choose>
<xsl:when test="local-name()='family' and @qualifier='BR'">Nom de naissance</xsl:when>
<xsl:when test="local-name()='family' and (@qualifier='CL' or @qualifier='SP')">Nom utilisé</xsl:when>
<xsl:when test="local-name()='given' and @qualifier='BR'">Premier prénom</xsl:when>
<xsl:when test="local-name()='given' and (@qualifier='CL' or @qualifier='SP')">Prénom utilisé</xsl:when>
<xsl:when test="local-name()='given'">Prénoms</xsl:when>
<xsl:when test="local-name()='family'">Nom</xsl:when></xsl:choose></xsl:variable>
<xsl:if test="string($l)"><div class="fact"><span><xsl:value-of select="$l"/> : </span><xsl:value-of select="."/></div></xsl:if></xsl:for-each>
<div class="fact"><span>Date de naissance : </span><xsl:call-template name="when"><xsl:with-param name="v" select="$pr/h:patient/h:birthTime/@value"/></xsl:call-template></div>
<div class="fact"><span>Sexe : </span><xsl:variable name="g" select="$pr/h:patient/h:administrativeGenderCode/@code"/><xsl:choose><xsl:when test="$g='F'">F (féminin)</xsl:when><xsl:when test="$g='M'">M (masculin)</xsl:when><xsl:otherwise>non connu</xsl:otherwise></xsl:choose></div>
<xsl:for-each select="$pr/h:patient/h:birthplace/h:place/h:addr"><div class="fact"><span>Lieu de naissance : </span><xsl:value-of select="h:city"/><xsl:if test="h:county"> (<xsl:value-of select="h:county"/>)</xsl:if></div></xsl:for-each>
<xsl:for-each select="$pr/h:id"><xsl:choose>
<xsl:when test="@root='1.2.250.1.213.1.4.9'"><div class="fact"><span>Matricule INS : </span><b><xsl:value-of select="@extension"/> (NIA)</b></div></xsl:when>
<xsl:when test="starts-with(@root,'1.2.250.1.213.1.4.')"><div class="fact"><span>Matricule INS : </span><b><xsl:value-of select="@extension"/> (NIR)</b></div></xsl:when>
<xsl:otherwise><div class="fact"><span>N° patient : </span><xsl:value-of select="@extension"/></div></xsl:otherwise></xsl:choose></xsl:for-each>
<xsl:if test="$pr/h:addr/h:*"><div class="fact"><span>Adresse : </span><xsl:call-template name="addr"><xsl:with-param name="a" select="$pr/h:addr"/></xsl:call-template></div></xsl:if>
<xsl:if test="$pr/h:telecom/@value"><div class="fact"><xsl:call-template name="telecoms"><xsl:with-param name="t" select="$pr/h:telecom"/></xsl:call-template></div></xsl:if>
</div>
<div class="box">
<xsl:for-each select="$d/h:participant[@typeCode='REF']"><div class="cap">Prescripteur</div>
<div class="b"><xsl:call-template name="person"><xsl:with-param name="n" select="h:associatedEntity/h:associatedPerson/h:name"/></xsl:call-template></div>
<xsl:if test="h:associatedEntity/h:id[@root='1.2.250.1.71.4.2.1' and starts-with(@extension,'8')]"><div class="fact"><span>RPPS : </span><xsl:value-of select="substring(h:associatedEntity/h:id/@extension,2)"/></div></xsl:if>
<xsl:if test="h:associatedEntity/h:telecom/@value"><div class="fact"><xsl:call-template name="telecoms"><xsl:with-param name="t" select="h:associatedEntity/h:telecom"/></xsl:call-template></div></xsl:if>
<xsl:if test="h:time/h:high/@value"><div class="fact"><span>Prescription du : </span><xsl:call-template name="when"><xsl:with-param name="v" select="substring(h:time/h:high/@value,1,8)"/></xsl:call-template></div></xsl:if></xsl:for-each>
<xsl:for-each select="$d/h:inFulfillmentOf/h:order/h:id"><div class="fact"><span>Prescription n° : </span><xsl:value-of select="@extension"/></div></xsl:for-each>
<div class="cap">Demande</div>
<xsl:for-each select="$d//h:procedure/h:effectiveTime/h:high/@value"><xsl:sort select="."/><xsl:if test="position()=1"><div class="fact"><span>Prélevé le : </span><xsl:call-template name="when"><xsl:with-param name="v" select="."/></xsl:call-template></div></xsl:if></xsl:for-each>
<xsl:for-each select="$d/h:participant[@typeCode='PRF']"><div class="fact"><span>Préleveur : </span><xsl:call-template name="person"><xsl:with-param name="n" select="h:associatedEntity/h:associatedPerson/h:name"/></xsl:call-template></div></xsl:for-each>
<div class="fact"><span>Reçu le : </span><xsl:call-template name="when"><xsl:with-param name="v" select="$act/h:effectiveTime/h:low/@value"/></xsl:call-template></div>
<div class="fact"><span>Résultats rendus le : </span><xsl:call-template name="when"><xsl:with-param name="v" select="$act/h:effectiveTime/h:high/@value"/></xsl:call-template></div>
<xsl:for-each select="$d/h:componentOf/h:encompassingEncounter/h:id/@extension"><div class="fact"><span>Venue n° : </span><xsl:value-of select="."/></div></xsl:for-each>
<xsl:for-each select="$d/h:participant[@typeCode='INF']"><div class="fact"><span>Médecin traitant : </span><xsl:call-template name="person"><xsl:with-param name="n" select="h:associatedEntity/h:associatedPerson/h:name"/></xsl:call-template></div></xsl:for-each>
<xsl:if test="$d/h:informationRecipient"><div class="cap">Destinataires</div></xsl:if>
<xsl:for-each select="$d/h:informationRecipient/h:intendedRecipient"><div class="fact"><xsl:if test="h:informationRecipient/h:name"><xsl:call-template name="person"><xsl:with-param name="n" select="h:informationRecipient/h:name"/></xsl:call-template></xsl:if><xsl:if test="h:informationRecipient/h:name and h:receivedOrganization/h:name">, </xsl:if><xsl:value-of select="h:receivedOrganization/h:name"/></div></xsl:for-each>
</div></div>
<xsl:apply-templates select="$d/h:component/h:structuredBody/h:component/h:section"/>
<xsl:for-each select="$d/h:component/h:nonXMLBody/h:text[@representation='B64']"><p><a download="document.pdf" href="data:{@mediaType};base64,{translate(.,' &#9;&#10;&#13;','')}">Document joint</a></p></xsl:for-each>
<p><b>Biologiste responsable : <xsl:call-template name="person"><xsl:with-param name="n" select="$d/h:legalAuthenticator/h:assignedEntity/h:assignedPerson/h:name"/></xsl:call-template></b><br/>
<span class="soft">Compte rendu signé le <xsl:call-template name="when"><xsl:with-param name="v" select="$d/h:legalAuthenticator/h:time/@value"/></xsl:call-template></span></p>
<p class="soft"><xsl:call-template name="sign"><xsl:with-param name="c" select="'|H|HU|'"/><xsl:with-param name="t" select="'H : au-dessus des valeurs de référence'"/></xsl:call-template>
<xsl:call-template name="sign"><xsl:with-param name="c" select="'|L|LU|'"/><xsl:with-param name="t" select="'B : au-dessous des valeurs de référence'"/></xsl:call-template>
<xsl:call-template name="sign"><xsl:with-param name="c" select="'|HH|'"/><xsl:with-param name="t" select="'HH : très au-dessus, alerte'"/></xsl:call-template>
<xsl:call-template name="sign"><xsl:with-param name="c" select="'|LL|'"/><xsl:with-param name="t" select="'BB : très au-dessous, alerte'"/></xsl:call-template>
<xsl:call-template name="sign"><xsl:with-param name="c" select="'|A|'"/><xsl:with-param name="t" select="'* : anormal'"/></xsl:call-template>
<xsl:call-template name="sign"><xsl:with-param name="c" select="'|AA|'"/><xsl:with-param name="t" select="'** : très anormal, alerte'"/></xsl:call-template>
<xsl:call-template name="sign"><xsl:with-param name="c" select="'|S|'"/><xsl:with-param name="t" select="'S : sensible'"/></xsl:call-template>
<xsl:call-template name="sign"><xsl:with-param name="c" select="'|SDD|'"/><xsl:with-param name="t" select="'SFD : sensible à forte posologie'"/></xsl:call-template>
<xsl:call-template name="sign"><xsl:with-param name="c" select="'|I|'"/><xsl:with-param name="t" select="'I : intermédiaire'"/></xsl:call-template>
<xsl:call-template name="sign"><xsl:with-param name="c" select="'|R|'"/><xsl:with-param name="t" select="'R : résistant'"/></xsl:call-template>
<xsl:call-template name="sign"><xsl:with-param name="c" select="'|NS|'"/><xsl:with-param name="t" select="'NS : non sensible'"/></xsl:call-template></p>
<footer class="soft"><xsl:value-of select="$keeper/h:name"/> · Dossier n° <xsl:value-of select="$act/h:id/@extension"/> · version <xsl:value-of select="$d/h:versionNumber/@value"/> du <xsl:call-template name="when"><xsl:with-param name="v" select="$d/h:effectiveTime/@value"/></xsl:call-template></footer>
</main></body></html>
</xsl:template>
<xsl:template name="sign"><xsl:param name="c"/><xsl:param name="t"/><xsl:if test="$d//h:component/h:observation/h:interpretationCode[contains($c,concat('|',@code,'|'))] or $d//h:entryRelationship[@typeCode='COMP']/h:observation/h:interpretationCode[contains($c,concat('|',@code,'|'))]"><xsl:value-of select="$t"/> · </xsl:if></xsl:template>
<xsl:template name="when"><xsl:param name="v"/><xsl:if test="string-length($v) &gt;= 8"><xsl:value-of select="substring($v,7,2)"/>/</xsl:if><xsl:if test="string-length($v) &gt;= 6"><xsl:value-of select="substring($v,5,2)"/>/</xsl:if><xsl:value-of select="substring($v,1,4)"/><xsl:if test="string-length($v) &gt;= 12"><xsl:text> </xsl:text><xsl:value-of select="substring($v,9,2)"/>:<xsl:value-of select="substring($v,11,2)"/></xsl:if></xsl:template>
<xsl:template name="addr"><xsl:param name="a"/><xsl:for-each select="$a[1]/h:*"><xsl:if test="position()&gt;1"><xsl:choose><xsl:when test="local-name()='streetAddressLine'">, </xsl:when><xsl:otherwise><xsl:text> </xsl:text></xsl:otherwise></xsl:choose></xsl:if><xsl:value-of select="."/></xsl:for-each></xsl:template>
<xsl:template name="telecoms"><xsl:param name="t"/><xsl:for-each select="$t[@value]"><xsl:if test="position()&gt;1"> · </xsl:if><xsl:choose>
<xsl:when test="starts-with(@value,'tel:')">Tél. <xsl:call-template name="number"><xsl:with-param name="v" select="substring-after(@value,':')"/></xsl:call-template></xsl:when>
<xsl:when test="starts-with(@value,'fax:')">Fax <xsl:call-template name="number"><xsl:with-param name="v" select="substring-after(@value,':')"/></xsl:call-template></xsl:when>
<xsl:when test="starts-with(@value,'mailto:') and contains(@value,'mssante.fr')">MSSanté <xsl:value-of select="substring-after(@value,':')"/></xsl:when>
<xsl:otherwise><xsl:value-of select="substring-after(@value,':')"/></xsl:otherwise></xsl:choose></xsl:for-each></xsl:template>
<xsl:template name="number"><xsl:param name="v"/><xsl:choose><xsl:when test="string-length($v)=10 and starts-with($v,'0')"><xsl:value-of select="concat(substring($v,1,2),' ',substring($v,3,2),' ',substring($v,5,2),' ',substring($v,7,2),' ',substring($v,9,2))"/></xsl:when><xsl:otherwise><xsl:value-of select="$v"/></xsl:otherwise></xsl:choose></xsl:template>
<xsl:template name="person"><xsl:param name="n"/><xsl:choose><xsl:when test="$n/h:suffix='DR'">Dr </xsl:when><xsl:when test="$n/h:suffix='PR'">Pr </xsl:when><xsl:when test="$n/h:prefix='M'">M. </xsl:when><xsl:when test="$n/h:prefix='MME'">Mme </xsl:when></xsl:choose><xsl:if test="$n/h:given"><xsl:value-of select="$n/h:given"/><xsl:text> </xsl:text></xsl:if><xsl:value-of select="$n/h:family"/></xsl:template>
<xsl:template match="h:section"><section>
<xsl:choose><xsl:when test="h:code/@code='55108-5'"/>
<xsl:when test="not(ancestor::h:section)"><h2><xsl:value-of select="h:title"/></h2></xsl:when>
<xsl:when test="h:title != ../../h:title"><h3><xsl:value-of select="h:title"/></h3></xsl:when></xsl:choose>
<xsl:apply-templates select="h:text"/><xsl:apply-templates select="h:component/h:section"/></section></xsl:template>
<xsl:template match="h:text"><xsl:apply-templates/></xsl:template>
<xsl:template match="h:paragraph"><p><xsl:call-template name="style"/><xsl:apply-templates/></p></xsl:template>
<xsl:template match="h:content"><span><xsl:call-template name="style"/><xsl:apply-templates/></span></xsl:template>
<xsl:template name="style"><xsl:if test="@styleCode"><xsl:variable name="s" select="translate(@styleCode,'BIU','biu')"/><xsl:attribute name="class"><xsl:if test="contains($s,'bold')">b </xsl:if><xsl:if test="contains($s,'ital')">i </xsl:if><xsl:if test="contains($s,'underline')">u</xsl:if></xsl:attribute></xsl:if></xsl:template>
<xsl:template match="h:table"><table><xsl:if test="h:thead/h:tr/h:th='Analyse' and count(h:thead/h:tr/h:th)=5"><xsl:attribute name="class">res</xsl:attribute></xsl:if><xsl:apply-templates select="h:caption|h:thead|h:tbody|h:tfoot|h:tr"/></table></xsl:template>
<xsl:template match="h:caption|h:thead|h:tbody|h:tfoot|h:tr|h:th|h:td|h:sub|h:sup"><xsl:element name="{local-name()}"><xsl:copy-of select="@colspan|@rowspan"/><xsl:call-template name="style"/><xsl:apply-templates/></xsl:element></xsl:template>
<xsl:template match="h:br"><br/></xsl:template>
<xsl:template match="h:list[@listType='ordered']"><ol><xsl:apply-templates select="h:item"/></ol></xsl:template>
<xsl:template match="h:list"><ul><xsl:apply-templates select="h:item"/></ul></xsl:template>
<xsl:template match="h:item"><li><xsl:apply-templates/></li></xsl:template>
<xsl:template match="h:footnote"><span class="soft"> (<xsl:apply-templates/>)</span></xsl:template>
<xsl:template match="h:renderMultiMedia"><xsl:variable name="m" select="//h:observationMedia[@ID=current()/@referencedObject]/h:value"/><xsl:variable name="u" select="concat('data:',$m/@mediaType,';base64,',translate($m,' &#9;&#10;&#13;',''))"/><xsl:choose>
<xsl:when test="starts-with($m/@mediaType,'image/')"><img src="{$u}" alt="{h:caption}"/></xsl:when>
<xsl:when test="$m/@mediaType='application/pdf'"><a download="{@referencedObject}.pdf" href="{$u}">Document PDF joint</a></xsl:when>
<xsl:otherwise><span class="flag">[objet joint non affichable]</span></xsl:otherwise></xsl:choose></xsl:template>
</xsl:stylesheet>
